# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys as files that programs read, and what stands in the ones they write."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from selfrenew.piv.objects import CertificateObject
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.card import Card
from selfrenew_emulator.card.keys import CardKey, algorithm_of_key, load_key, store_key

_ISSUER = ec.derive_private_key(7, ec.SECP256R1())


def certify(public: Any, name: str = "Alice") -> x509.Certificate:
    """Certify a public key, as a CA with a key of its own does."""
    subject, issuer = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, "A CA")
    )
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(issuer, subject, public, 1, start, start.replace(year=2036))
    return builder.sign(_ISSUER, hashes.SHA256())


def serial_bytes(certificate: x509.Certificate) -> bytes:
    """Give a serial number's bytes, of which there are as many as it needs."""
    number = certificate.serial_number
    return number.to_bytes(-(-number.bit_length() // 8))


def pem(each: Any, password: bytes | None = None) -> bytes:
    """Write a certificate, a public or a private key."""
    if isinstance(each, x509.Certificate):
        return each.public_bytes(Encoding.PEM)
    if hasattr(each, "private_bytes"):
        protection = BestAvailableEncryption(password) if password else NoEncryption()
        return bytes(each.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    return spki(each, Encoding.PEM)


def spki(public: Any, encoding: Encoding = Encoding.DER) -> bytes:
    """Write a public key, in a form that can be compared."""
    return bytes(public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))


def put_key(card: Card, reference: int, key: CardKey) -> Any:
    """Put a key into the memory of a card; return the public one."""
    card.state.keys[reference] = store_key(algorithm_of_key(key), key)
    return key.public_key()


def key_on(card: Card, reference: int = KeyReference.PIV_AUTHENTICATION) -> Any:
    """Read a public key off the memory of a card."""
    return load_key(card.state.keys[reference].material).public_key()


def object_on(card: Card, tag: int) -> CertificateObject:
    """Read a certificate off the memory of a card."""
    return CertificateObject.from_bytes(card.state.objects[tag])
