# SPDX-License-Identifier: Apache-2.0
"""A CertTemplate's subject, key and extensions as `cryptography` objects.

The library reads names and extensions only out of a certificate or a request, so they are put
into the frame of a PKCS #10 request (RFC 2986, 4.1) without a signature and read from there.
"""

from functools import cache, lru_cache
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, Implicit, SetOf, sequence
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.certificates import UNREADABLE
from selfrenew.iso7816 import Tlv

from .crmf import CertTemplate, SubjectPublicKeyInfo
from .errors import CmpFormatError
from .message import decode, decode_list, encode, encode_list, tlv
from .structures import GenMsgContent

_KEPT_BYTES = 1024
_EXTENSION_REQUEST = x509.ObjectIdentifier("1.2.840.113549.1.9.14")


@sequence
class _Attribute:
    type: x509.ObjectIdentifier
    values: SetOf[TLV]


@sequence
class _RequestInfo:
    version: int
    subject: list[TLV]
    public_key: SubjectPublicKeyInfo
    attributes: Annotated[SetOf[TLV], Implicit(0)]


@sequence
class _Request:
    info: _RequestInfo
    algorithm: list[TLV]
    signature: BitString


def template_request(template: CertTemplate) -> x509.CertificateSigningRequest:
    """Frame a template as a request. Raise CmpFormatError where it has no key or cannot be read."""
    if template.public_key is None:
        raise CmpFormatError("the certificate template has no public key")
    attributes = []
    if template.extensions:
        extensions = bytes(Tlv(0x30, b"".join(map(encode, template.extensions))))
        attribute = _Attribute(type=_EXTENSION_REQUEST, values=SetOf([tlv(extensions)]))
        attributes.append(tlv(encode(attribute)))
    request = _Request(
        info=_RequestInfo(
            version=0,
            subject=template.subject or [],
            public_key=template.public_key,
            attributes=SetOf(attributes),
        ),
        algorithm=template.public_key.algorithm,
        signature=BitString(b"", 0),
    )
    try:
        framed = x509.load_der_x509_csr(encode(request))
        _ = framed.subject, framed.extensions
    except UNREADABLE as error:
        raise CmpFormatError(f"the certificate template cannot be read: {error}") from error
    return framed


def request_parts(raw: bytes) -> tuple[int, bytes, bytes, list[TLV]]:
    """Give a PKCS #10 request's version, subject and key as DER, and its signature's algorithm.

    Both as they are written. Raise CmpFormatError.
    """
    request = decode(_Request, raw)
    subject = encode_list(GenMsgContent(items=request.info.subject))
    key_info = encode(request.info.public_key)
    return request.info.version, subject, key_info, request.algorithm


def request_attributes(raw: bytes) -> list[tuple[x509.ObjectIdentifier, list[TLV]]]:
    """Give a PKCS #10 request's attributes with their values. Raise CmpFormatError."""
    attributes = decode(_Request, raw).info.attributes
    read = (decode(_Attribute, encode(each)) for each in attributes.as_list())
    return [(each.type, each.values.as_list()) for each in read]


def names_of(template: CertTemplate) -> tuple[x509.Name, x509.Extensions]:
    """Read a template's subject and extensions. Raise CmpFormatError."""
    if template.extensions:
        framed = template_request(template)
        return framed.subject, framed.extensions
    subject = Tlv(0x30, b"".join(map(encode, template.subject or ())))
    return name_from_der(bytes(subject)), x509.Extensions([])


def name_from_der(raw: bytes) -> x509.Name:
    """Read a Name. Raise CmpFormatError."""
    return _name(raw) if len(raw) > _KEPT_BYTES else _name_once(raw)


def _name(raw: bytes) -> x509.Name:
    name = decode_list(GenMsgContent, raw)
    return template_request(CertTemplate(subject=name, public_key=_any_key())).subject


# Who asks for one certificate asks for another. What anybody sends is kept, so it must be short.
_name_once = lru_cache(maxsize=1024)(_name)


@cache
def _any_key() -> SubjectPublicKeyInfo:
    """Give the frame a key where only a name is to be read."""
    point = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    return public_key_info(point)


def public_key_of(template: CertTemplate) -> CertificatePublicKeyTypes:
    """Load a template's public key. Raise CmpFormatError."""
    if template.public_key is None:
        raise CmpFormatError("the certificate template has no public key")
    try:
        key = serialization.load_der_public_key(encode(template.public_key))
    except UNREADABLE as error:
        raise CmpFormatError(f"the template's public key cannot be read: {error}") from error
    return key  # type: ignore[return-value]


def public_key_info(key: CertificatePublicKeyTypes) -> SubjectPublicKeyInfo:
    """Encode a public key for a template."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return decode(SubjectPublicKeyInfo, der)
