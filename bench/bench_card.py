# SPDX-License-Identifier: Apache-2.0
"""How fast a card answers, beside a plain call or the cryptography in it, and its image's file."""

import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from measuring import median_ms, tell

from selfrenew.iso7816 import CommandApdu, Tlv
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.piv.signatures import signature_input
from selfrenew_emulator.card import Card, CardImage, PrivateKey, generate
from selfrenew_emulator.card.keys import store_key
from selfrenew_emulator.randomness import seeded

_SELECT = bytes.fromhex("00A4040005A00000030800")
_STATUS = bytes.fromhex("00200080")
_DISCOVERY = bytes.fromhex("00CB3FFF035C017E00")
_READ = bytes.fromhex("00CB3FFF0000055C035FC1050000")
_KEY = KeyReference.CARD_AUTHENTICATION
_MESSAGE = b"selfrenew" * 32
_BATCH = 2_000


def nothing(command: bytes) -> bytes:
    """Answer as the smallest card could."""
    return command[:0] + b"\x90\x00"


def batch_ms(answer: Callable[[bytes], bytes], command: bytes) -> float:
    """Time one command out of a batch, in ms."""

    def send_all() -> None:
        for _ in range(_BATCH):
            answer(command)

    return median_ms(send_all, 15) / _BATCH


def per_second_of_one_core(command: bytes, card: Card) -> float:
    """Count commands in a second of this process's own time, whoever else is on the machine."""
    best = math.inf
    for _ in range(7):
        start = time.process_time()
        for _ in range(_BATCH):
            card.transmit(command)
        best = min(best, time.process_time() - start)
    return _BATCH / best


def sign_command(algorithm: Algorithm) -> bytes:
    """Write GENERAL AUTHENTICATE for a signature, in extended length."""
    block = signature_input(algorithm, _MESSAGE, hashes.SHA256())
    template = Tlv(0x7C, bytes(Tlv(0x82, b"")) + bytes(Tlv(0x81, block)))
    return bytes(CommandApdu(0x00, 0x87, algorithm, _KEY, bytes(template), 65_536))


def sign_alone(key: PrivateKey) -> Callable[[], object]:
    """Give the same signature, made by the library alone."""
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda: key.sign(_MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    return lambda: key.sign(_MESSAGE, ec.ECDSA(hashes.SHA256()))


def measure_signing(card: Card, algorithm: Algorithm) -> None:
    """Sign on the card and beside it, with the same key."""
    key = generate(algorithm)
    card.store.put_key(_KEY, store_key(algorithm, key))
    card.store.commit()
    command = sign_command(algorithm)
    if card.transmit(command)[-2:] != b"\x90\x00":
        raise RuntimeError("the card does not sign")
    took = median_ms(lambda: card.transmit(command), 300) * 1e3
    floor = median_ms(sign_alone(key), 300) * 1e3
    tell(f"A signature, {algorithm.name}", took, "us", floor=floor, of="the library")


def main() -> None:
    """Measure."""
    card = Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(0)
    )
    content = bytes(CertificateObject(bytes(900)))
    card.store.put_object(DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag, content)
    card.store.commit()
    card.power_on()
    floor = batch_ms(nothing, _SELECT) * 1e3
    for name, command in (
        ("SELECT", _SELECT),
        ("VERIFY, asking for the tries", _STATUS),
        ("GET DATA of the discovery object", _DISCOVERY),
        ("GET DATA of a certificate", _READ),
    ):
        took = batch_ms(card.transmit, command) * 1e3
        tell(name, took, "us", floor=floor, of="a call")
        print(f"{'':<44} {per_second_of_one_core(command, card):>10.0f} APDU/s on one core")
    for algorithm in (Algorithm.P256, Algorithm.RSA2048):
        measure_signing(card, algorithm)
    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder, "a.card"), Path(folder, "plain")
        CardImage.create(path, card.state)
        written = path.read_bytes()
        image = CardImage.open(path)

        def write_plain() -> None:
            with plain.open("wb") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())

        write = median_ms(write_plain, 50)
        tell(
            "Saving a card image",
            median_ms(lambda: image.save(card.state), 50),
            "ms",
            floor=write,
            of="a synced write",
        )
        image.close()
        read = median_ms(plain.read_bytes, 50)
        tell(
            "Opening a card image",
            median_ms(lambda: CardImage.open(path).close(), 50),
            "ms",
            floor=read,
            of="reading a file",
        )


if __name__ == "__main__":
    main()
