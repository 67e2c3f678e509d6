# SPDX-License-Identifier: Apache-2.0
"""What a YubiKey leaves the factory with: known secrets, a serial number, an attestation key."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from selfrenew.piv.objects import CertificateObject
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card.keys import KeySource, PrivateKey, store_key
from selfrenew_emulator.card.store import CardState, StoredKey
from selfrenew_emulator.card.vendor import (
    ATTESTATION_CERTIFICATE,
    ATTESTATION_KEY,
    KeyOrigin,
    PinPolicy,
    TouchPolicy,
)
from selfrenew_emulator.randomness import Randomness

DEFAULT_PIN = b"123456"
DEFAULT_PUK = b"12345678"
DEFAULT_MANAGEMENT_KEY = bytes.fromhex("0102030405060708" * 3)

_SERIALS = range(10_000_000, 100_000_000)
"""Eight decimal digits, as they are printed on the case."""

# Not Yubico's own name: what this key attests is worth nothing, and must not look as if it were.
_ISSUER = "selfrenew emulator PIV Attestation"
_NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(2060, 1, 1, tzinfo=UTC)


def equip(state: CardState, randomness: Randomness, key_source: KeySource) -> None:
    """Give a blank state its serial number, attestation key and attestation certificate."""
    state.serial = _SERIALS[int.from_bytes(randomness(8), "big") % len(_SERIALS)]
    key = key_source(Algorithm.P256)
    made = store_key(Algorithm.P256, key)
    state.keys[ATTESTATION_KEY] = StoredKey(
        made.algorithm,
        made.material,
        PinPolicy.NEVER,
        TouchPolicy.NEVER,
        # Real ones are loaded from outside, together with their certificate.
        KeyOrigin.IMPORTED,
    )
    certificate = _attestation_certificate(key, serial_number(randomness))
    state.objects[ATTESTATION_CERTIFICATE] = bytes(CertificateObject(certificate))


def serial_number(randomness: Randomness) -> int:
    """Draw the serial number of an attestation certificate, 16 bytes beginning with 01."""
    return int.from_bytes(b"\x01" + randomness(15), "big")


def _attestation_certificate(key: PrivateKey, serial: int) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _ISSUER)])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), serial, _NOT_BEFORE, _NOT_AFTER
    ).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
