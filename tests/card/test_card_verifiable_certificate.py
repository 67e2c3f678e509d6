# SPDX-License-Identifier: Apache-2.0
"""Card verifiable certificates as bytes (SP 800-73-4 Part 2, 4.1.5, tables 15 and 16)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew_emulator.card import (
    CardVerifiableCertificate,
    CardVerifiableCertificateError,
    Role,
)
from tests.secure_messaging_host import elements, tlv, value

from .secure_card import make_secure_card, signer

KEY = ec.derive_private_key(5, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
PLAIN = CardVerifiableCertificate(b"ISSUER-1", bytes(16), KEY.public_key(), Role.CARD_APPLICATION)


def test_what_is_signed_are_the_bytes_the_standard_shows() -> None:
    key = tlv("06", bytes.fromhex("2A8648CE3D030107")) + tlv("86", POINT)
    assert PLAIN.signed_part == (
        bytes.fromhex("5F290180") + b"\x42\x08ISSUER-1" + bytes.fromhex("5F2010") + bytes(16)
    ) + tlv("7F49", key) + bytes.fromhex("5F4C0100")


@pytest.mark.parametrize("suite", ["CS2", "CS7"])
def test_bytes_and_certificate_are_one(suite: str) -> None:
    raw = make_secure_card(suite).host.certificate
    assert bytes(CardVerifiableCertificate.from_bytes(raw)) == raw
    intermediate = make_secure_card(suite, signer_kind="RSA").card.state.objects[0x5FC122]
    inner = tlv("7F21", value(intermediate, "7F21"))
    certificate = CardVerifiableCertificate.from_bytes(inner)
    assert (bytes(certificate), certificate.role) == (inner, Role.ROOT)


def rebuilt(place: int, tag: str, content: bytes) -> bytes:
    fields = elements(value(bytes(PLAIN.signed(KEY)), "7F21"))
    fields[place] = (tag, content)
    return tlv("7F21", b"".join(tlv(*field) for field in fields))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x7f\x21",
        b"\x7f\x21\x00",
        tlv("7F22", value(bytes(PLAIN.signed(KEY)), "7F21")),
        bytes(PLAIN.signed(KEY)) + b"\0",
        rebuilt(0, "5F29", b"\x81"),
        rebuilt(1, "42", b"ISSUER-"),
        rebuilt(2, "5F20", bytes(8)),
        rebuilt(2, "5F21", bytes(16)),
        rebuilt(3, "7F49", b"\x06"),
        rebuilt(3, "7F49", tlv("86", POINT)),
        rebuilt(3, "7F49", tlv("06", b"\x2a") + tlv("86", POINT)),
        rebuilt(3, "7F49", tlv("06", bytes.fromhex("2B81040022")) + tlv("86", POINT)),
        rebuilt(4, "5F4C", b"\x12"),
        rebuilt(4, "5F4C", b"\x01"),
        rebuilt(4, "5F4C", b"\0\0"),
    ],
    ids=range(16),
)
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(CardVerifiableCertificateError):
        CardVerifiableCertificate.from_bytes(raw)


def test_each_role_has_its_kind_of_signature() -> None:
    rsa_key, _ = signer("RSA")
    with pytest.raises(CardVerifiableCertificateError, match="CARD_APPLICATION"):
        PLAIN.signed(rsa_key)
    root = CardVerifiableCertificate(b"ISSUER-1", bytes(8), KEY.public_key(), Role.ROOT)
    with pytest.raises(CardVerifiableCertificateError, match="ROOT"):
        root.signed(KEY)
