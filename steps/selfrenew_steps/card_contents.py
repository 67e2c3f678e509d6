# SPDX-License-Identifier: Apache-2.0
"""What is on a card, read with raw commands and judged by `cryptography`.

SP 800-73-5 Part 2: SELECT 3.1.1, GET DATA 3.1.2, VERIFY 3.2.1, GENERAL AUTHENTICATE 3.2.4. Nothing
of the reference's client is used, so that its mistakes are not checked by themselves.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from selfrenew.transport import CardConnection, Reader

PIV = bytes.fromhex("A000000308000010000100")
SLOTS = {"authentication": (0x9A, "5FC105"), "signing": (0x9C, "5FC10A")}
_OBJECTS = ("5FC102", "5FC107", "5FC105", "5FC10A")
_SHA256_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
_CHALLENGE = b"which key is this?"


@dataclass(frozen=True)
class CardContents:
    """The certificate of each slot by its name, and the bytes of the data objects."""

    certificates: dict[str, x509.Certificate]
    objects: dict[str, bytes]


def read_contents(reader: Reader) -> CardContents:
    with _selected(reader) as card:
        objects = {tag: _get_data(card, tag) for tag in _OBJECTS}
    certificates = {
        name: _certificate(objects[tag]) for name, (_, tag) in SLOTS.items() if objects[tag]
    }
    return CardContents(certificates, objects)


def tries_left(reader: Reader) -> int:
    """Ask with an empty VERIFY, which uses up no try."""
    with _selected(reader) as card:
        sw = card.transmit(bytes.fromhex("00200080"))
    if sw == bytes.fromhex("6983"):
        return 0
    assert sw[0] == 0x63, sw.hex()
    return sw[1] & 0x0F


def takes_passcode(reader: Reader, passcode: str) -> bool:
    with _selected(reader) as card:
        return _verify(card, passcode) == bytes.fromhex("9000")


def key_goes_with(reader: Reader, slot: str, certificate: x509.Certificate, passcode: str) -> bool:
    """Have the slot's key sign a challenge, and verify it with the certificate."""
    reference, _ = SLOTS[slot]
    public_key = certificate.public_key()
    with _selected(reader) as card:
        assert _verify(card, passcode) == bytes.fromhex("9000")
        if isinstance(public_key, rsa.RSAPublicKey):
            algorithm, size = {2048: 0x07, 3072: 0x05, 4096: 0x16}[public_key.key_size], 0
            size = public_key.key_size // 8
            info = _SHA256_INFO + hashlib.sha256(_CHALLENGE).digest()
            block = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
        else:
            assert isinstance(public_key, ec.EllipticCurvePublicKey)
            algorithm = {256: 0x11, 384: 0x14}[public_key.curve.key_size]
            digest = hashlib.sha256 if algorithm == 0x11 else hashlib.sha384
            block = digest(_CHALLENGE).digest()
        template = _tlv(0x7C, _tlv(0x82, b"") + _tlv(0x81, block))
        answer, sw = _send(card, bytes([0x00, 0x87, algorithm, reference]), template)
    if sw != 0x9000:
        return False
    signature = _value(_value(answer, 0x7C), 0x82)
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, _CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
        else:
            hashed = hashes.SHA256() if algorithm == 0x11 else hashes.SHA384()
            public_key.verify(signature, _CHALLENGE, ec.ECDSA(hashed))
    except InvalidSignature:
        return False
    return True


@contextmanager
def _selected(reader: Reader) -> Iterator[CardConnection]:
    with closing(reader.connect()) as connection:
        connection.reset()
        _, sw = _send(connection, bytes.fromhex("00A40400"), PIV)
        assert sw == 0x9000
        try:
            yield connection
        finally:
            connection.reset()


def _verify(card: CardConnection, passcode: str) -> bytes:
    return card.transmit(bytes.fromhex("0020008008") + passcode.encode().ljust(8, b"\xff"))


def _get_data(card: CardConnection, tag: str) -> bytes:
    answer, sw = _send(card, bytes.fromhex("00CB3FFF"), bytes.fromhex("5C03" + tag))
    return _value(answer, 0x53) if sw == 0x9000 else b""


def _send(card: CardConnection, header: bytes, data: bytes) -> tuple[bytes, int]:
    """Chain a command, and fetch all of its answer (ISO/IEC 7816-4, 5.3.3 and 5.3.4)."""
    while len(data) > 255:
        part, data = data[:255], data[255:]
        assert card.transmit(bytes([header[0] | 0x10]) + header[1:] + b"\xff" + part) == b"\x90\x00"
    answer = card.transmit(header + bytes([len(data)]) + data + b"\x00")
    collected = answer[:-2]
    while answer[-2] == 0x61:
        answer = card.transmit(bytes.fromhex("00C00000") + answer[-1:])
        collected += answer[:-2]
    return collected, int.from_bytes(answer[-2:], "big")


def _certificate(content: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(_value(content, 0x70))


def _tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes([tag, length]) + value
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + value


def _value(raw: bytes, tag: int) -> bytes:
    """Take the value of the first element, which has to have the tag."""
    assert raw[0] == tag, raw[:4].hex()
    if raw[1] < 0x80:
        return raw[2 : 2 + raw[1]]
    size = raw[1] & 0x7F
    length = int.from_bytes(raw[2 : 2 + size], "big")
    return raw[2 + size : 2 + size + length]
