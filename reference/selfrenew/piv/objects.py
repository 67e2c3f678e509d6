# SPDX-License-Identifier: Apache-2.0
"""The PIV data objects and the content of those the renewal reads and writes.

SP 800-73-4 Part 1, tables 2 and 3 (containers and tags) and appendix A (contents).
"""

import gzip
import zlib
from dataclasses import dataclass
from datetime import date
from enum import Enum

from selfrenew.iso7816 import Tlv, TlvFormatError, parse_tlvs

from .references import KeyReference

_CERTIFICATE_MAX_BYTES = 65536
_SEQUENCE, _GZIP, _NET_ID = b"\x30", b"\x1f\x8b", b"\x01\x00"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class DataObjectFormatError(ValueError):
    """A data object's content is not what the standard says it holds."""


class DataObject(Enum):
    """A data object: its BER-TLV tag, container ID and name."""

    tag: int
    container: int
    title: str

    def __init__(self, tag: int, container: int, title: str) -> None:
        self.tag = tag
        self.container = container
        self.title = title

    CARD_CAPABILITY_CONTAINER = 0x5FC107, 0xDB00, "card capability container"
    CHUID = 0x5FC102, 0x3000, "card holder unique identifier"
    PIV_AUTHENTICATION_CERTIFICATE = 0x5FC105, 0x0101, "authentication certificate"
    FINGERPRINTS = 0x5FC103, 0x6010, "fingerprints"
    SECURITY_OBJECT = 0x5FC106, 0x9000, "security object"
    FACIAL_IMAGE = 0x5FC108, 0x6030, "facial image"
    CARD_AUTHENTICATION_CERTIFICATE = 0x5FC101, 0x0500, "card authentication certificate"
    DIGITAL_SIGNATURE_CERTIFICATE = 0x5FC10A, 0x0100, "signing certificate"
    KEY_MANAGEMENT_CERTIFICATE = 0x5FC10B, 0x0102, "key management certificate"
    PRINTED_INFORMATION = 0x5FC109, 0x3001, "printed information"
    DISCOVERY = 0x7E, 0x6050, "discovery object"
    KEY_HISTORY = 0x5FC10C, 0x6060, "key history object"
    RETIRED_CERTIFICATE_1 = 0x5FC10D, 0x1001, "retired certificate 1"
    RETIRED_CERTIFICATE_2 = 0x5FC10E, 0x1002, "retired certificate 2"
    RETIRED_CERTIFICATE_3 = 0x5FC10F, 0x1003, "retired certificate 3"
    RETIRED_CERTIFICATE_4 = 0x5FC110, 0x1004, "retired certificate 4"
    RETIRED_CERTIFICATE_5 = 0x5FC111, 0x1005, "retired certificate 5"
    RETIRED_CERTIFICATE_6 = 0x5FC112, 0x1006, "retired certificate 6"
    RETIRED_CERTIFICATE_7 = 0x5FC113, 0x1007, "retired certificate 7"
    RETIRED_CERTIFICATE_8 = 0x5FC114, 0x1008, "retired certificate 8"
    RETIRED_CERTIFICATE_9 = 0x5FC115, 0x1009, "retired certificate 9"
    RETIRED_CERTIFICATE_10 = 0x5FC116, 0x100A, "retired certificate 10"
    RETIRED_CERTIFICATE_11 = 0x5FC117, 0x100B, "retired certificate 11"
    RETIRED_CERTIFICATE_12 = 0x5FC118, 0x100C, "retired certificate 12"
    RETIRED_CERTIFICATE_13 = 0x5FC119, 0x100D, "retired certificate 13"
    RETIRED_CERTIFICATE_14 = 0x5FC11A, 0x100E, "retired certificate 14"
    RETIRED_CERTIFICATE_15 = 0x5FC11B, 0x100F, "retired certificate 15"
    RETIRED_CERTIFICATE_16 = 0x5FC11C, 0x1010, "retired certificate 16"
    RETIRED_CERTIFICATE_17 = 0x5FC11D, 0x1011, "retired certificate 17"
    RETIRED_CERTIFICATE_18 = 0x5FC11E, 0x1012, "retired certificate 18"
    RETIRED_CERTIFICATE_19 = 0x5FC11F, 0x1013, "retired certificate 19"
    RETIRED_CERTIFICATE_20 = 0x5FC120, 0x1014, "retired certificate 20"
    IRIS_IMAGES = 0x5FC121, 0x1015, "iris images"
    BIOMETRIC_GROUP_TEMPLATE = 0x7F61, 0x1016, "biometric information templates group template"
    SECURE_MESSAGING_SIGNER = 0x5FC122, 0x1017, "secure messaging certificate signer"
    PAIRING_CODE = 0x5FC123, 0x1018, "pairing code reference data container"

    @classmethod
    def certificate_of(cls, key: KeyReference) -> "DataObject":
        """Name the object with a key's certificate. Raise KeyError for a key without one."""
        return _CERTIFICATES[key]


_CERTIFICATES = {
    KeyReference.PIV_AUTHENTICATION: DataObject.PIV_AUTHENTICATION_CERTIFICATE,
    KeyReference.DIGITAL_SIGNATURE: DataObject.DIGITAL_SIGNATURE_CERTIFICATE,
    KeyReference.KEY_MANAGEMENT: DataObject.KEY_MANAGEMENT_CERTIFICATE,
    KeyReference.CARD_AUTHENTICATION: DataObject.CARD_AUTHENTICATION_CERTIFICATE,
    **{
        KeyReference[f"RETIRED_{number}"]: DataObject[f"RETIRED_CERTIFICATE_{number}"]
        for number in range(1, 21)
    },
}


def _fields(raw: bytes, what: str) -> dict[int, bytes]:
    try:
        return {tlv.tag: tlv.value for tlv in parse_tlvs(raw)}
    except TlvFormatError as error:
        raise DataObjectFormatError(f"the {what} is not BER-TLV: {error}") from error


@dataclass(frozen=True, slots=True)
class CertificateObject:
    """The content of a certificate object (appendix A, tables 10 to 41): 70, 71 and FE."""

    certificate_der: bytes
    compressed: bool = False

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CertificateObject":
        """Parse and unpack. Raise DataObjectFormatError.

        How a certificate is packed shows by how it begins: programs disagree on what CertInfo
        says of it, and one that cannot be read is taken for lost.
        """
        fields = _fields(raw, "certificate object")
        certificate = fields.get(0x70)
        if not certificate:
            raise DataObjectFormatError("the certificate object holds no certificate (tag 70)")
        if certificate.startswith(_GZIP):
            return cls(_unpack(certificate, _GZIP_WINDOW), compressed=True)
        if certificate.startswith(_NET_ID):
            return cls(_unpack_net_id(certificate), compressed=True)
        if fields.get(0x71, b"\0")[:1] == b"\x01" and not certificate.startswith(_SEQUENCE):
            raise DataObjectFormatError("the compressed certificate is damaged: it has no header")
        return cls(certificate)

    def __bytes__(self) -> bytes:
        body = self.certificate_der
        if self.compressed:
            body = gzip.compress(body, mtime=0)
        info = b"\x01" if self.compressed else b"\x00"
        return bytes(Tlv(0x70, body)) + bytes(Tlv(0x71, info)) + bytes(Tlv(0xFE, b""))


def _unpack_net_id(raw: bytes) -> bytes:
    """Unpack what Net iD writes: 01 00, the length in two bytes, the lower one first, and zlib."""
    body = _unpack(raw[4:], zlib.MAX_WBITS)
    if len(body) != int.from_bytes(raw[2:4], "little"):
        raise DataObjectFormatError("the compressed certificate is damaged: its length is another")
    return body


def _unpack(raw: bytes, window: int) -> bytes:
    unpacking = zlib.decompressobj(window)
    try:
        body = unpacking.decompress(raw, _CERTIFICATE_MAX_BYTES)
    except zlib.error as error:
        raise DataObjectFormatError(f"the compressed certificate is damaged: {error}") from error
    if not unpacking.eof:
        raise DataObjectFormatError("the compressed certificate is cut off, or over 64 KiB")
    return body


@dataclass(frozen=True, slots=True)
class CardholderUniqueIdentifier:
    """The CHUID (appendix A, table 9); `guid` has 16 bytes, the signature may be empty."""

    fasc_n: bytes
    guid: bytes
    expiration_date: date
    signature: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CardholderUniqueIdentifier":
        """Parse. Raise DataObjectFormatError where a mandatory field is missing or malformed."""
        fields = _fields(raw, "CHUID")
        try:
            fasc_n, guid, expires = fields[0x30], fields[0x34], fields[0x35]
        except KeyError as error:
            raise DataObjectFormatError(f"the CHUID has no tag {error.args[0]:02X}") from error
        if len(guid) != 16:
            raise DataObjectFormatError(f"the CHUID's GUID has {len(guid)} bytes, not 16")
        try:
            # Without the check, fromisoformat would read other forms than YYYYMMDD too.
            day = date.fromisoformat(expires.decode("ascii") if expires.isdigit() else "")
        except ValueError as error:
            raise DataObjectFormatError("the CHUID's expiration date is no YYYYMMDD") from error
        return cls(fasc_n, guid, day, fields.get(0x3E, b""))

    @property
    def signed_content(self) -> bytes:
        """What the signature covers: every field but itself (Part 1, 3.1.2.1)."""
        return b"".join(bytes(tlv) for tlv in self._tlvs() if tlv.tag != 0x3E)

    def __bytes__(self) -> bytes:
        return b"".join(bytes(tlv) for tlv in self._tlvs())

    def _tlvs(self) -> tuple[Tlv, ...]:
        return (
            Tlv(0x30, self.fasc_n),
            Tlv(0x34, self.guid),
            Tlv(0x35, self.expiration_date.isoformat().replace("-", "").encode()),
            Tlv(0x3E, self.signature),
            Tlv(0xFE, b""),
        )
