# SPDX-License-Identifier: Apache-2.0
"""Whole messages: bytes to a received message, and back.

Decoding is strict DER; anything else is a CmpFormatError and never another exception. What the
protection covers is cut from the received bytes, not encoded anew.
"""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol, TypeVar

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, decode_der, encode_der, sequence
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.iso7816 import Tlv

from .crmf import AttributeTypeAndValue
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
_FAIL_BITS_MAX = 64
_SET, _OBJECT_IDENTIFIER = b"\x31", 0x06
_IA5_NAMES = frozenset({b"\x81", b"\x82", b"\x86"})
"""rfc822Name, dNSName and uniformResourceIdentifier."""
_IP_ADDRESS, _REGISTERED_ID = b"\x87", b"\x88"
OPAQUE_NAMES = frozenset({b"\xa0", b"\xa3", b"\xa5"})
"""The tags of otherName, x400Address and ediPartyName, which are not looked into."""
_RESERVED = frozenset({0x00, 0x20})
_KEPT_BYTES = 1024
_T = TypeVar("_T")


@sequence
class _Items:
    items: list[TLV]


@sequence
class _Attributes:
    items: list[AttributeTypeAndValue]


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


def read(kind: type[_T], item: TLV) -> _T:
    """Decode what a TLV is. Raise CmpFormatError."""
    try:
        value: _T = item.parse(kind)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CmpFormatError(f"{kind.__name__} is malformed: {error}") from error
    return value


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

    def __str__(self) -> str:
        return self.describe()

    def describe(self) -> str:
        """Name the message for a log: type and transaction, no content."""
        transaction = (self.header.transaction_id or b"")[:_TRANSACTION_ID_BYTES].hex() or "none"
        return f"{self.body_type.standard_name} (transaction {transaction})"


class MalformedMessageError(CmpFormatError):
    """A message is malformed behind a header that could be read, though it may be no good one."""

    def __init__(self, text: str, header: PkiHeader) -> None:
        super().__init__(text)
        self.header = header


def decode_message(raw: bytes) -> ReceivedMessage:
    """Decode a PKIMessage. Raise CmpFormatError, as MalformedMessageError where a header is."""
    message = decode(PkiMessage, raw)
    header = read(PkiHeader, message.header)
    try:
        return _received(message, header)
    except CmpFormatError as error:
        raise MalformedMessageError(str(error), header) from error


def _received(message: PkiMessage, header: PkiHeader) -> ReceivedMessage:
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
    _check_header(header)
    return ReceivedMessage(
        header=header,
        body_type=body_type,
        content=content,
        protection=None if protection is None else protection.as_bytes(),
        extra_certs=tuple(encode(certificate) for certificate in message.extra_certs or ()),
        protected_part=encode(ProtectedPart(header=message.header, body=message.body)),
    )


def _check_header(header: PkiHeader) -> None:
    """Check what the types of a header leave open (5.1.1). Raise CmpFormatError."""
    check_general_name(header.sender)
    check_general_name(header.recipient)
    named = [] if header.protection_alg is None else [header.protection_alg]
    named += [decode_list(_Items, encode(item)) for item in header.general_info or ()]
    for fields in named:
        if not 1 <= len(fields) <= 2:
            raise CmpFormatError(f"a header's identifier has {len(fields)} fields, not one or two")
        read(x509.ObjectIdentifier, fields[0])
    if header.free_text == [] or header.general_info == []:
        raise CmpFormatError("freeText and generalInfo hold something, where they are there")


def check_general_name(name: TLV) -> None:
    """Check that a TLV is a GeneralName (RFC 5280, 4.2.1.6). Raise CmpFormatError.

    Of OPAQUE_NAMES only that they hold something.
    """
    tag, value = name.tag_bytes, bytes(name.data)
    (_check_name_once if len(value) <= _KEPT_BYTES else _check_name)(tag, value)


def _check_name(tag: bytes, value: bytes) -> None:
    if tag in _IA5_NAMES and value.isascii():
        return
    if tag == _IP_ADDRESS:
        return
    if tag == _REGISTERED_ID:
        decode(x509.ObjectIdentifier, bytes(Tlv(_OBJECT_IDENTIFIER, value)))
    elif tag == bytes((_DIRECTORY_NAME,)):
        for rdn in decode_list(_Items, value):
            if rdn.tag_bytes != _SET or not attributes_of(rdn):
                raise CmpFormatError("a RelativeDistinguishedName is no SET that holds something")
    elif tag not in OPAQUE_NAMES or not decode_list(_Items, bytes(Tlv(_SEQUENCE, value))):
        raise CmpFormatError(f"what has the tag {tag.hex()} is no GeneralName")


# Each message of a sender has the same two. What anybody sends is kept, so it must be short.
_check_name_once = lru_cache(maxsize=1024)(_check_name)


def attributes_of(rdn: TLV) -> list[AttributeTypeAndValue]:
    """Take a RelativeDistinguishedName, a SET OF, apart. Raise CmpFormatError."""
    attributes = decode_list(_Attributes, bytes(Tlv(_SEQUENCE, bytes(rdn.data))))
    if any(each.value.tag_bytes[0] in _RESERVED for each in attributes):
        raise CmpFormatError("an attribute's value has the tag 0, which is reserved (X.690, 8.1.2)")
    return attributes


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


# Encoded anew each time it is asked for, which within a transaction is several times.
@lru_cache(maxsize=256)
def certificate_der(certificate: x509.Certificate) -> bytes:
    """Give a certificate's DER."""
    return certificate.public_bytes(Encoding.DER)
