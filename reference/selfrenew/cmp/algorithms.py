# SPDX-License-Identifier: Apache-2.0
"""Algorithm identifiers of CMP (RFC 9481) and how they map to `cryptography`."""

from functools import cache, lru_cache

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, Null
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from .errors import CmpFormatError
from .message import encode, read, tlv

Oid = x509.ObjectIdentifier

PASSWORD_BASED_MAC = Oid("1.2.840.113533.7.66.13")
PBMAC1 = Oid("1.2.840.113549.1.5.14")
PBKDF2 = Oid("1.2.840.113549.1.5.12")
RSA_ENCRYPTION = Oid("1.2.840.113549.1.1.1")
EC_PUBLIC_KEY = Oid("1.2.840.10045.2.1")
RSASSA_PSS = Oid("1.2.840.113549.1.1.10")
MGF1 = Oid("1.2.840.113549.1.1.8")
ED25519 = Oid("1.3.101.112")
ED448 = Oid("1.3.101.113")

DIGESTS: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.3.14.3.2.26"): hashes.SHA1(),  # noqa: S303  OpenSSL's client asks for it under MAC
    Oid("2.16.840.1.101.3.4.2.4"): hashes.SHA224(),
    Oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    Oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    Oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
MACS: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.3.6.1.5.5.8.1.2"): hashes.SHA1(),  # noqa: S303  the same
    Oid("1.2.840.113549.2.7"): hashes.SHA1(),  # noqa: S303  the same
    Oid("1.2.840.113549.2.8"): hashes.SHA224(),
    Oid("1.2.840.113549.2.9"): hashes.SHA256(),
    Oid("1.2.840.113549.2.10"): hashes.SHA384(),
    Oid("1.2.840.113549.2.11"): hashes.SHA512(),
}
RSA_SIGNATURES: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.2.840.113549.1.1.14"): hashes.SHA224(),
    Oid("1.2.840.113549.1.1.11"): hashes.SHA256(),
    Oid("1.2.840.113549.1.1.12"): hashes.SHA384(),
    Oid("1.2.840.113549.1.1.13"): hashes.SHA512(),
}
ECDSA_SIGNATURES: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.2.840.10045.4.3.1"): hashes.SHA224(),
    Oid("1.2.840.10045.4.3.2"): hashes.SHA256(),
    Oid("1.2.840.10045.4.3.3"): hashes.SHA384(),
    Oid("1.2.840.10045.4.3.4"): hashes.SHA512(),
}
SIGNATURES = frozenset({*RSA_SIGNATURES, *ECDSA_SIGNATURES, RSASSA_PSS, ED25519, ED448})
"""What a signature may be of; those with SHAKE are not there."""


def oid_of(identifier: list[TLV]) -> Oid:
    """Read the OID of an AlgorithmIdentifier or InfoTypeAndValue. Raise CmpFormatError."""
    if not 1 <= len(identifier) <= 2:
        raise CmpFormatError(f"an identifier has {len(identifier)} fields, not one or two")
    return read(Oid, identifier[0])


def identifier(oid: Oid, parameters: bytes | None = None) -> list[TLV]:
    """Make an AlgorithmIdentifier or InfoTypeAndValue; `parameters` is DER."""
    fields = [_oid_tlv(oid)]
    if parameters is not None:
        fields.append(tlv(parameters))
    return fields


@lru_cache(maxsize=128)
def _oid_tlv(oid: Oid) -> TLV:
    return tlv(encode(oid))


def digest_identifier(algorithm: hashes.HashAlgorithm) -> list[TLV]:
    """Name a hash, without parameters (RFC 5754, 2)."""
    return identifier(_oid_for(DIGESTS, algorithm))


def signature_identifier(public_key: object) -> list[TLV]:
    """Name the signature a key makes here: SHA-256, with P-384 SHA-384. Raise CmpFormatError."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return identifier(_signature_oid("sha256", by_rsa=True), encode(Null()))
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        large = public_key.curve.key_size > 256
        return identifier(_signature_oid("sha384" if large else "sha256", by_rsa=False))
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return identifier(ED25519)
    if isinstance(public_key, ed448.Ed448PublicKey):
        return identifier(ED448)
    raise CmpFormatError(f"{type(public_key).__name__} makes no signature CMP knows here")


# Asked for with each message that is sent.
@cache
def _signature_oid(digest: str, *, by_rsa: bool) -> Oid:
    table = RSA_SIGNATURES if by_rsa else ECDSA_SIGNATURES
    return next(oid for oid, algorithm in table.items() if algorithm.name == digest)


def _oid_for(table: dict[Oid, hashes.HashAlgorithm], wanted: hashes.HashAlgorithm) -> Oid:
    return next(oid for oid, algorithm in table.items() if algorithm.name == wanted.name)
