# SPDX-License-Identifier: Apache-2.0
"""Whole messages: bytes to a received message, and back.

Decoding is strict DER; anything else is a CmpFormatError and never another exception. What the
protection covers is cut from the received bytes, not encoded anew.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, decode_der, encode_der
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.iso7816 import Tlv

from .errors import CmpFormatError
from .structures import (
    BodyType,
    FailureInfo,
    PkiHeader,
    PkiMessage,
    PkiStatusInfo,
    ProtectedPart,
)

_SEQUENCE = 0x30
_DIRECTORY_NAME = 0xA4
_CONTEXT_CONSTRUCTED = 0xA0
_TRANSACTION_ID_BYTES = 16
_EXTRA_CERTS_MAX = 100
_VERSION_MAX = 0xFF
_FAIL_BITS_MAX = 64
_T = TypeVar("_T")


class Frame(Protocol[_T]):
    """A one-field SEQUENCE around a SEQUENCE OF, which cannot be a root on its own."""

    items: list[_T]


def decode(kind: type[_T], raw: bytes) -> _T:
    """Decode strict DER. Raise CmpFormatError."""
    try:
        return decode_der(kind, raw)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CmpFormatError(f"{kind.__name__} is malformed: {error}") from error


def encode(value: object) -> bytes:
    """Encode as DER. Raise CmpFormatError for a value that has no encoding."""
    try:
        return encode_der(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise CmpFormatError(f"{type(value).__name__} cannot be encoded: {error}") from error


def decode_list(frame: type[Frame[_T]], raw: bytes) -> list[_T]:
    """Decode a SEQUENCE OF by putting it into its frame."""
    return decode(frame, bytes(Tlv(_SEQUENCE, raw))).items


def encode_list(frame: Frame[_T]) -> bytes:
    """Encode a SEQUENCE OF by taking it out of its frame."""
    return bytes(Tlv.from_bytes(encode(frame)).value)


def tlv(raw: bytes) -> TLV:
    """Take DER bytes as a TLV."""
    return decode(TLV, raw)


def name_of(general_name: TLV) -> bytes | None:
    """Return a directoryName's Name as DER, None for another kind of GeneralName."""
    if general_name.tag_bytes != bytes((_DIRECTORY_NAME,)):
        return None
    return bytes(general_name.data)


def general_name(name: x509.Name | bytes) -> TLV:
    """Make a directoryName of a Name, or of its DER."""
    der = name if isinstance(name, bytes) else name.public_bytes()
    return tlv(bytes(Tlv(_DIRECTORY_NAME, der)))


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be sent; `content` is the DER inside the body's tag."""

    header: PkiHeader
    body_type: BodyType
    content: bytes
    protection: bytes | None = None
    extra_certs: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as received."""

    header: PkiHeader
    body_type: BodyType
    content: bytes = field(repr=False)
    protection: bytes | None = field(repr=False)
    extra_certs: tuple[bytes, ...] = field(repr=False)
    protected_part: bytes = field(repr=False)

    @cached_property
    def certificates(self) -> list[x509.Certificate]:
        """The extraCerts that can be read; one that cannot is left out."""
        certificates = []
        for raw in self.extra_certs:
            try:
                certificates.append(load_certificate(raw))
            except UnreadableCertificateError:
                continue
        return certificates

    def describe(self) -> str:
        """Name the message for a log: type and transaction, no content."""
        transaction = (self.header.transaction_id or b"")[:_TRANSACTION_ID_BYTES].hex() or "none"
        return f"{self.body_type.standard_name} (transaction {transaction})"


def decode_message(raw: bytes) -> ReceivedMessage:
    """Decode a PKIMessage. Raise CmpFormatError."""
    message = decode(PkiMessage, raw)
    tag = message.body.tag_bytes
    number = tag[0] - _CONTEXT_CONSTRUCTED if len(tag) == 1 else -1
    try:
        body_type = BodyType(number)
    except ValueError as error:
        raise CmpFormatError(f"the body has tag {tag.hex()}, which no message has") from error
    content = bytes(message.body.data)
    tlv(content)
    protection = message.protection
    if protection is not None and protection.padding_bits():
        raise CmpFormatError("the protection is no whole number of bytes")
    # Both cost the receiver before anything is known of the sender.
    if len(message.extra_certs or ()) > _EXTRA_CERTS_MAX:
        raise CmpFormatError(f"there are more than {_EXTRA_CERTS_MAX} extraCerts")
    header = decode(PkiHeader, encode(message.header))
    if not 0 <= header.pvno <= _VERSION_MAX:
        raise CmpFormatError("pvno is no version number")
    return ReceivedMessage(
        header=header,
        body_type=body_type,
        content=content,
        protection=None if protection is None else protection.as_bytes(),
        extra_certs=tuple(encode(certificate) for certificate in message.extra_certs or ()),
        protected_part=encode(ProtectedPart(header=message.header, body=message.body)),
    )


def body_tlv(body_type: BodyType, content: bytes) -> TLV:
    """Put content into its body's tag."""
    return tlv(bytes(Tlv(_CONTEXT_CONSTRUCTED | body_type, content)))


def fail_names(info: PkiStatusInfo) -> frozenset[str]:
    """Name the bits of failInfo; an unknown one by its number, those far off not at all."""
    if info.fail_info is None:
        return frozenset()
    raw = info.fail_info.as_bytes()
    names = set()
    bits = len(raw) * 8 - info.fail_info.padding_bits()
    for bit in range(min(bits, _FAIL_BITS_MAX)):
        if raw[bit // 8] & 0x80 >> bit % 8:
            try:
                names.add(FailureInfo(bit).name)
            except ValueError:
                names.add(f"bit {bit}")
    return frozenset(names)


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Give a certificate's DER."""
    return certificate.public_bytes(Encoding.DER)
