# SPDX-License-Identifier: Apache-2.0
"""CMS SignedData as the objects of a PIV card have it (RFC 5652, 5; SP 800-73-4 Part 1, 3.1.2.1).

One signer, named by issuer and serial number; signed attributes always; no CRLs. An
AlgorithmIdentifier is a `list[TLV]`, as in `selfrenew.cmp`.
"""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, Explicit, Implicit, SetOf, sequence
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp import algorithms
from selfrenew.cmp.message import certificate_der, encode, tlv
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.iso7816 import Tlv

Oid = x509.ObjectIdentifier

_SIGNED_DATA = Oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = Oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = Oid("1.2.840.113549.1.9.4")
# 3, since the content is of another type than id-data (5.1); 1 for a signer so named (5.3).
_VERSION, _SIGNER_VERSION = 3, 1


@sequence
class Attribute:
    """Attribute (5.3)."""

    type: Oid
    values: SetOf[TLV]


@sequence
class SignedAttributes:
    """SignedAttributes: a one-field frame, since a SET OF cannot be a root."""

    items: SetOf[Attribute]


@sequence
class IssuerAndSerialNumber:
    """IssuerAndSerialNumber (10.2.4)."""

    issuer: TLV
    serial_number: int


@sequence
class SignerInfo:
    """SignerInfo (5.3)."""

    version: int
    sid: IssuerAndSerialNumber
    digest_algorithm: list[TLV]
    signed_attributes: Annotated[SetOf[Attribute], Implicit(0)]
    signature_algorithm: list[TLV]
    signature: bytes


@sequence
class EncapsulatedContentInfo:
    """EncapsulatedContentInfo (5.2); without content the signature is external."""

    content_type: Oid
    content: Annotated[bytes | None, Explicit(0)] = None


@sequence
class SignedData:
    """SignedData (5.1)."""

    version: int
    digest_algorithms: SetOf[list[TLV]]
    content_info: EncapsulatedContentInfo
    certificates: Annotated[SetOf[TLV] | None, Implicit(0)] = None
    signer_infos: SetOf[SignerInfo]


@sequence
class ContentInfo:
    """ContentInfo (3)."""

    content_type: Oid
    content: Annotated[SignedData, Explicit(0)]


def attribute(kind: Oid, value: bytes) -> Attribute:
    """Make an attribute with one value, which is DER."""
    return Attribute(type=kind, values=SetOf([tlv(value)]))


def signed_data(
    content: bytes,
    content_type: Oid,
    *,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    attributes: tuple[Attribute, ...] = (),
    external: bool = True,
    with_certificate: bool = False,
) -> bytes:
    """Sign content and encode the ContentInfo.

    `attributes` are signed besides contentType and messageDigest. An external signature leaves the
    content out.
    """
    digest = hash_for(key)
    hashing = hashes.Hash(digest)
    hashing.update(content)
    signed = SetOf(
        [
            attribute(_CONTENT_TYPE, encode(content_type)),
            attribute(_MESSAGE_DIGEST, encode(hashing.finalize())),
            *attributes,
        ]
    )
    # Signed is the SET OF with its own tag, not with the [0] it stands under (5.4).
    covered = Tlv.from_bytes(encode(SignedAttributes(items=signed))).value
    signer = SignerInfo(
        version=_SIGNER_VERSION,
        sid=IssuerAndSerialNumber(
            issuer=tlv(certificate.issuer.public_bytes()),
            serial_number=certificate.serial_number,
        ),
        digest_algorithm=algorithms.digest_identifier(digest),
        signed_attributes=signed,
        signature_algorithm=algorithms.signature_identifier(key.public_key()),
        signature=PrivateKeySigner(key).sign(covered),
    )
    der = certificate_der(certificate)
    body = SignedData(
        version=_VERSION,
        digest_algorithms=SetOf([algorithms.digest_identifier(digest)]),
        content_info=EncapsulatedContentInfo(
            content_type=content_type, content=None if external else content
        ),
        certificates=SetOf([tlv(der)]) if with_certificate else None,
        signer_infos=SetOf([signer]),
    )
    return encode(ContentInfo(content_type=_SIGNED_DATA, content=body))


def hash_for(key: ec.EllipticCurvePrivateKey) -> hashes.HashAlgorithm:
    """Give the hash that goes with a curve (SP 800-78-4, table 3-2)."""
    return hashes.SHA384() if key.key_size > 256 else hashes.SHA256()
