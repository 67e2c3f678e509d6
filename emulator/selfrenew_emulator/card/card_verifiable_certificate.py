# SPDX-License-Identifier: Apache-2.0
"""Card verifiable certificates (SP 800-73-4 Part 2, 4.1.5, tables 15 and 16).

The secure messaging CVC certifies the card's key 04 and is signed with ECDSA. An Intermediate CVC
stands between it and a content signing certificate whose key is RSA.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum, unique

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.iso7816 import Tlv, TlvFormatError, parse_tlvs

CERTIFICATE = 0x7F21
_PROFILE, _ISSUER, _SUBJECT, _PUBLIC_KEY = 0x5F29, 0x42, 0x5F20, 0x7F49
_ROLE, _SIGNATURE = 0x5F4C, 0x5F37
_ALGORITHM, _POINT = 0x06, 0x86
_PROFILE_IDENTIFIER = b"\x80"
_SEQUENCE, _BIT_STRING, _OBJECT_IDENTIFIER, _NULL = 0x30, 0x03, 0x06, 0x05

_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2A8648CE3D030107"): ec.SECP256R1(),
    bytes.fromhex("2B81040022"): ec.SECP384R1(),
}
_CURVE_IDENTIFIERS = {curve.name: identifier for identifier, curve in _CURVES.items()}
_ECDSA: dict[str, tuple[bytes, hashes.HashAlgorithm]] = {
    "secp256r1": (bytes.fromhex("2A8648CE3D040302"), hashes.SHA256()),
    "secp384r1": (bytes.fromhex("2A8648CE3D040303"), hashes.SHA384()),
}
_RSA_SHA256 = bytes.fromhex("2A864886F70D01010B")


class CardVerifiableCertificateError(Exception):
    """Bytes are no card verifiable certificate, or it cannot be signed."""


@unique
class Role(IntEnum):
    """What the certified key is for."""

    CARD_APPLICATION = 0x00
    ROOT = 0x12


@dataclass(frozen=True, slots=True)
class CardVerifiableCertificate:
    """A CVC; `signature` is the DER of its DigitalSignature.

    `issuer` has 8 bytes, `subject` the card's 16-byte GUID or, in an Intermediate CVC, 8 bytes.
    """

    issuer: bytes
    subject: bytes
    public_key: ec.EllipticCurvePublicKey
    role: Role
    signature: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CardVerifiableCertificate":
        """Parse, with every field in its place. Raise CardVerifiableCertificateError."""
        try:
            outer = Tlv.from_bytes(raw)
            fields = parse_tlvs(outer.value)
        except TlvFormatError as error:
            raise CardVerifiableCertificateError(f"the CVC is no BER-TLV: {error}") from error
        tags = [field.tag for field in fields]
        if outer.tag != CERTIFICATE or tags != [
            *(_PROFILE, _ISSUER, _SUBJECT, _PUBLIC_KEY, _ROLE, _SIGNATURE)
        ]:
            raise CardVerifiableCertificateError("the CVC's fields are not those of the standard")
        profile, issuer, subject, public_key, role, signature = (field.value for field in fields)
        try:
            certificate = cls(
                issuer,
                subject,
                _parse_key(public_key),
                Role(int.from_bytes(role, "big")),
                signature,
            )
        except ValueError as error:
            raise CardVerifiableCertificateError(f"a field of the CVC is wrong: {error}") from error
        expected = 16 if certificate.role is Role.CARD_APPLICATION else 8
        if profile != _PROFILE_IDENTIFIER or len(issuer) != 8 or len(subject) != expected:
            raise CardVerifiableCertificateError("an identifier of the CVC has the wrong length")
        if bytes(certificate) != raw:
            raise CardVerifiableCertificateError("the CVC is not in its shortest encoding")
        return certificate

    def __bytes__(self) -> bytes:
        return bytes(Tlv(CERTIFICATE, self.signed_part + bytes(Tlv(_SIGNATURE, self.signature))))

    @property
    def signed_part(self) -> bytes:
        """What the signature is over."""
        key = bytes(Tlv(_ALGORITHM, _CURVE_IDENTIFIERS[self.public_key.curve.name]))
        key += bytes(Tlv(_POINT, point_of(self.public_key)))
        fields = (
            (_PROFILE, _PROFILE_IDENTIFIER),
            (_ISSUER, self.issuer),
            (_SUBJECT, self.subject),
            (_PUBLIC_KEY, key),
            (_ROLE, bytes((self.role,))),
        )
        return b"".join(bytes(Tlv(tag, value)) for tag, value in fields)

    def signed(
        self, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    ) -> "CardVerifiableCertificate":
        """Sign; RSA is for the Intermediate CVC, ECDSA for the secure messaging CVC.

        Raise CardVerifiableCertificateError for the other way round.
        """
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        if is_rsa != (self.role is Role.ROOT):
            raise CardVerifiableCertificateError(
                f"signing a CVC of role {self.role.name} failed: the standard has an Intermediate "
                "CVC signed with RSA and a secure messaging CVC with ECDSA"
            )
        if isinstance(key, rsa.RSAPrivateKey):
            value = key.sign(self.signed_part, padding.PKCS1v15(), hashes.SHA256())
            algorithm = bytes(Tlv(_OBJECT_IDENTIFIER, _RSA_SHA256)) + bytes(Tlv(_NULL, b""))
        else:
            identifier, digest = _ECDSA[key.curve.name]
            value = key.sign(self.signed_part, ec.ECDSA(digest))
            algorithm = bytes(Tlv(_OBJECT_IDENTIFIER, identifier))
        body = bytes(Tlv(_SEQUENCE, algorithm)) + bytes(Tlv(_BIT_STRING, b"\0" + value))
        return CardVerifiableCertificate(
            self.issuer, self.subject, self.public_key, self.role, bytes(Tlv(_SEQUENCE, body))
        )


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Encode a public key without compression: 04, X and Y (Part 2, table 13)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def intermediate_subject(key: ec.EllipticCurvePublicKey) -> bytes:
    """Name the subject of an Intermediate CVC after its key (table 16)."""
    # SHA-1 is the name's definition, nothing rests on its strength.
    return hashlib.sha1(point_of(key), usedforsecurity=False).digest()[:8]


def _parse_key(raw: bytes) -> ec.EllipticCurvePublicKey:
    try:
        fields = parse_tlvs(raw)
    except TlvFormatError as error:
        raise ValueError(f"its public key is no BER-TLV: {error}") from error
    if [field.tag for field in fields] != [_ALGORITHM, _POINT]:
        raise ValueError("its public key is not an algorithm and a point")
    curve = _CURVES.get(fields[0].value)
    if curve is None:
        raise ValueError("its public key is on neither P-256 nor P-384")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, fields[1].value)
