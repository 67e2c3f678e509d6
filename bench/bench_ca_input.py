# SPDX-License-Identifier: Apache-2.0
"""How long a CA spends at most on bytes that are no good message, of its own processor time.

Good messages are damaged at random, from a seed that is printed; beside them stand those that cost
a receiver most before it knows anything of the sender.
"""

import argparse
import random
import secrets
import time

from bench_ca import new_ca, now, under_secret
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString
from cryptography.hazmat.primitives.asymmetric import ec
from measuring import tell

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_NAME, Conversation, certificate_request
from selfrenew.cmp.message import certificate_der, decode, decode_message, encode, tlv
from selfrenew.cmp.protection import (
    MAX_ITERATIONS,
    Pbkdf2Parameter,
    Pbmac1Parameter,
    PbmParameter,
    PrivateKeySigner,
)
from selfrenew.cmp.structures import BodyType, PkiMessage
from selfrenew_emulator.ca import CertificateAuthority
from selfrenew_emulator.stage.server import settle

_LIMIT_MS = 50.0
_NAME = x509.Name.from_rfc4514_string("CN=bench,O=NHS TEST,C=GB")


def good_message() -> bytes:
    """Make a request that would be granted."""
    talk = Conversation(
        under_secret().protection, NULL_NAME, clock=now, randomness=secrets.token_bytes
    )
    key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
    return talk.message(BodyType.IR, certificate_request(_NAME, key))


def damaged(good: bytes, draw: random.Random) -> bytes:
    """Cut, change, repeat or lengthen a message."""
    raw = bytearray(good)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(raw))
        match draw.randrange(4):
            case 0:
                del raw[at:]
                raw += b"\x30"
            case 1:
                raw[at] ^= draw.randint(1, 255)
            case 2:
                raw[at:at] = raw[at : at + draw.randint(1, 300)]
            case _:
                raw[at:at] = draw.choice([b"\x30\x80", b"\x84\xff\xff\xff\xff", b"\x30\x84" * 500])
    return bytes(raw)


def costly(ca: CertificateAuthority) -> dict[str, bytes]:
    """Make the messages that cost most, by what it is in them."""
    hmac_sha512 = alg.identifier(alg.Oid("1.2.840.113549.2.11"))
    sha512 = alg.identifier(alg.Oid("2.16.840.1.101.3.4.2.3"))
    salt = bytes(1024)
    pbm = PbmParameter(salt=salt, owf=sha512, iteration_count=MAX_ITERATIONS // 2, mac=hmac_sha512)
    derivation = Pbkdf2Parameter(
        salt=salt, iteration_count=MAX_ITERATIONS, key_length=64, prf=hmac_sha512
    )
    pbmac1 = Pbmac1Parameter(
        key_derivation=alg.identifier(alg.PBKDF2, encode(derivation)), mac=hmac_sha512
    )
    many = [tlv(certificate_der(ca.root))] * 100
    return {
        "PasswordBasedMac": _changed(alg.identifier(alg.PASSWORD_BASED_MAC, encode(pbm))),
        "PBMAC1": _changed(alg.identifier(alg.PBMAC1, encode(pbmac1))),
        "100 extraCerts": _changed(alg.identifier(alg.ED25519), many),
        "a million bytes": bytes(1_000_000),
        "deep nesting": b"\x30\x84\x00\x0f\x00\x00" * 100_000,
    }


def _changed(protection_alg: list[TLV], extra_certs: list[TLV] | None = None) -> bytes:
    raw = good_message()
    message, header = decode(PkiMessage, raw), decode_message(raw).header
    header.protection_alg = protection_alg
    return encode(
        PkiMessage(
            header=tlv(encode(header)),
            body=message.body,
            protection=BitString(bytes(64), 0),
            extra_certs=extra_certs,
        )
    )


def taken_ms(ca: CertificateAuthority, raw: bytes) -> float:
    """Have a message answered, and tell the processor time of it."""
    start = time.process_time()
    answer = ca.answer(raw)
    taken = (time.process_time() - start) * 1e3
    decode_message(answer)
    return taken


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)  # noqa: S311  repeatable on purpose
    ca = new_ca()
    good = [good_message() for _ in range(50)]
    settle()
    slowest = max(taken_ms(ca, damaged(draw.choice(good), draw)) for _ in range(options.messages))
    name = f"The slowest of {options.messages}, seed {options.seed}"
    tell(name, slowest, "ms", floor=_LIMIT_MS, of="what is allowed")
    for what, raw in costly(ca).items():
        tell(f"  {what}", taken_ms(ca, raw), "ms", floor=_LIMIT_MS, of="what is allowed")
    ca.close()


if __name__ == "__main__":
    main()
