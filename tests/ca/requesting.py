# SPDX-License-Identifier: Apache-2.0
"""Certificate requests with a template that the client would not make."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, Variant
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import certificate_request
from selfrenew.cmp.crmf import (
    AttributeTypeAndValue,
    CertReqMessages,
    CertReqMsg,
    Extension,
    PopoSigningKey,
)
from selfrenew.cmp.message import decode_list, encode, encode_list, tlv
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import GenMsgContent
from selfrenew.iso7816 import Tlv


def rdns(name: x509.Name) -> list[TLV]:
    """Take a Name apart, as a template holds it."""
    return decode_list(GenMsgContent, name.public_bytes())


def extension(value: x509.ExtensionType, *, critical: bool = False) -> TLV:
    """Encode an extension for a template."""
    return tlv(encode(Extension(oid=value.oid, critical=critical, value=value.public_bytes())))


def request_with(
    key: PrivateKeySigner,
    name: x509.Name,
    /,
    *,
    controls: list[AttributeTypeAndValue] | None = None,
    reg_info: list[AttributeTypeAndValue] | None = None,
    **template: object,
) -> bytes:
    """Make the content of ir, cr or kur, with other fields of the template than the client's."""
    (message,) = decode_list(CertReqMessages, certificate_request(name, key))
    request = message.cert_req
    request.controls = controls
    for field, value in template.items():
        setattr(request.cert_template, field, value)
    popo = PopoSigningKey(
        algorithm_identifier=alg.signature_identifier(key.public_key),
        signature=BitString(key.sign(encode(request)), 0),
    )
    again = CertReqMsg(cert_req=request, popo=Variant(popo, "signature"), reg_info=reg_info)
    return encode_list(CertReqMessages(items=[again]))


def name_with(kind: x509.ObjectIdentifier, tag: int, text: bytes) -> bytes:
    """Make a Name of one attribute with a text of any type, as DER."""
    attribute = bytes(Tlv(0x30, encode(kind) + bytes(Tlv(tag, text))))
    return bytes(Tlv(0x30, bytes(Tlv(0x31, attribute))))


def with_text_of_type(tag: int, certificate: x509.Certificate) -> bytes:
    """Give a certificate with another subject of the same length, whose one text has a tag."""
    written = certificate.subject.public_bytes()
    around = len(name_with(NameOID.COMMON_NAME, tag, b""))
    other = name_with(NameOID.COMMON_NAME, tag, bytes(len(written) - around))
    return certificate.public_bytes(Encoding.DER).replace(written, other)


def written_otherwise(name: x509.Name) -> x509.Name:
    """Write a name with another type of string, other capitals and more spaces: the same name."""
    return x509.Name(
        [
            x509.NameAttribute(
                each.oid,
                str(each.value).swapcase().replace(" ", "  "),
                _ASN1Type.PrintableString,
            )
            for each in name
        ]
    )


def pkcs10(
    key: PrivateKeySigner,
    subject: bytes,
    algorithm: list[TLV] | None = None,
    key_info: bytes | None = None,
    version: int = 0,
) -> bytes:
    """Make a PKCS #10 request with a subject and a key of any DER (RFC 2986, 4.1)."""
    public_key: Any = key.public_key
    spki = key_info or public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    info = bytes(Tlv(0x30, encode(version) + subject + spki + bytes(Tlv(0xA0, b""))))
    named = encode_list(GenMsgContent(items=algorithm or alg.signature_identifier(public_key)))
    signature = encode(BitString(key.sign(info), 0))
    return bytes(Tlv(0x30, info + named + signature))
