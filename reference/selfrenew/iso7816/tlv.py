# SPDX-License-Identifier: Apache-2.0
"""BER-TLV data objects (ISO/IEC 7816-4:2020, 6.3).

Tags have up to three bytes, lengths are definite and have up to five.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .errors import Iso7816Error

_LENGTH_BYTES_MAX = 4
"""How many bytes may follow the first one of a length field."""


class TlvFormatError(Iso7816Error):
    """Bytes that are no BER-TLV."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """A data object; the tag is its bytes read as one number (0x7C, 0x7F49, 0x5FC105)."""

    tag: int
    value: bytes

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Tlv":
        """Parse exactly one data object. Raise TlvFormatError for less or more."""
        tlvs = parse_tlvs(raw)
        if len(tlvs) != 1:
            raise TlvFormatError(f"one data object was due, {len(tlvs)} are here")
        return tlvs[0]

    def __bytes__(self) -> bytes:
        length = len(self.value)
        tag = self.tag.to_bytes(max(1, (self.tag.bit_length() + 7) // 8), "big")
        if length < 0x80:
            return tag + bytes((length,)) + self.value
        size = (length.bit_length() + 7) // 8
        return tag + bytes((0x80 | size,)) + length.to_bytes(size, "big") + self.value


def parse_tlvs(raw: bytes) -> list[Tlv]:
    """Parse a run of data objects, not descending into them. Raise TlvFormatError."""
    return list(_walk(raw))


def find(raw: bytes, tag: int) -> bytes | None:
    """Return the value of the first data object with a tag, None without one."""
    return next((tlv.value for tlv in _walk(raw) if tlv.tag == tag), None)


def _walk(raw: bytes) -> Iterator[Tlv]:
    at, end = 0, len(raw)
    while at < end:
        tag, at = _read_tag(raw, at)
        length, at = _read_length(raw, at)
        if at + length > end:
            raise TlvFormatError(f"tag {tag:X} announces {length} bytes where {end - at} are left")
        yield Tlv(tag, raw[at : at + length])
        at += length


def _read_tag(raw: bytes, at: int) -> tuple[int, int]:
    tag = raw[at]
    at += 1
    if tag & 0x1F != 0x1F:
        return tag, at
    for _ in range(2):
        if at >= len(raw):
            raise TlvFormatError("a tag is cut off")
        tag = tag << 8 | raw[at]
        at += 1
        if not tag & 0x80:
            return tag, at
    raise TlvFormatError("a tag of more than three bytes")


def _read_length(raw: bytes, at: int) -> tuple[int, int]:
    if at >= len(raw):
        raise TlvFormatError("a length is missing")
    first = raw[at]
    at += 1
    if first < 0x80:
        return first, at
    size = first & 0x7F
    if not 1 <= size <= _LENGTH_BYTES_MAX or at + size > len(raw):
        raise TlvFormatError(f"a length field {first:02X} is indefinite, too long or cut off")
    return int.from_bytes(raw[at : at + size], "big"), at + size
