# SPDX-License-Identifier: Apache-2.0
"""A trace as a pcapng file, for Wireshark's own dissectors of ISO 7816.

The link type is Wireshark's for exported PDUs, LINKTYPE_WIRESHARK_UPPER_PDU: each packet names its
dissector and its direction, so that nothing has to be set. The words of `trace show` stand with
each packet as its comment.
"""

import struct
from datetime import UTC, datetime, timedelta
from enum import IntEnum, unique

from .decoding import Decoded, decode
from .events import EventKind, Trace
from .showing import printable

_LINKTYPE_UPPER_PDU = 252
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_LENGTH_UNKNOWN = -1
_END_OF_OPTIONS = 0
_COMMENT = 1
_INTERFACE_NAME = 2
_FLAGS = 2
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@unique
class _Block(IntEnum):
    SECTION_HEADER = 0x0A0D0D0A
    INTERFACE_DESCRIPTION = 1
    ENHANCED_PACKET = 6


@unique
class _Tag(IntEnum):
    """Tags of an exported PDU (Wireshark's exported_pdu_tlvs.h)."""

    END = 0
    DISSECTOR = 12
    DIRECTION = 35


_ATR, _APDU, _TEXT = b"iso7816.atr", b"iso7816", b"data-text-lines"
_SENT, _RECEIVED = 0, 1
_INBOUND, _OUTBOUND = 1, 2
# What is neither an APDU nor an ATR, such as a removal, is a line of text.
_DISSECTORS = {
    EventKind.POWER_UP: _ATR,
    EventKind.COMMAND: _APDU,
    EventKind.ANSWER: _APDU,
}


def to_pcapng(trace: Trace) -> bytes:
    """Make the file's content; hidden bytes are zeros there, and the comment counts them."""
    # Major and minor version, and a section of any length.
    section = struct.pack("<IHHq", _BYTE_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN)
    interface = struct.pack("<HHI", _LINKTYPE_UPPER_PDU, 0, 0)
    name = printable(trace.header.reader).encode()
    blocks = [
        _block(_Block.SECTION_HEADER, section),
        _block(_Block.INTERFACE_DESCRIPTION, interface + _options((_INTERFACE_NAME, name))),
    ]
    blocks += [_packet(decoded, trace.header.time) for decoded in decode(trace)]
    return b"".join(blocks)


def _packet(decoded: Decoded, begun: datetime) -> bytes:
    event = decoded.event
    sent = event.kind is EventKind.COMMAND
    dissector = _DISSECTORS.get(event.kind, _TEXT)
    content = event.content.filled() if dissector is not _TEXT else decoded.words.encode()
    pdu = (
        _tag(_Tag.DISSECTOR, dissector)
        + _tag(_Tag.DIRECTION, (_SENT if sent else _RECEIVED).to_bytes(4, "big"))
        + _tag(_Tag.END, b"")
        + content
    )
    hidden = event.content.hidden
    comment = decoded.words + (f"; {hidden} bytes are masked, and zeros here" if hidden else "")
    microseconds = (begun - _EPOCH) // _MICROSECOND + round(event.at * 1_000_000)
    high, low = divmod(microseconds, 1 << 32)
    options = _options(
        (_COMMENT, printable(comment).encode()),
        (_FLAGS, struct.pack("<I", _OUTBOUND if sent else _INBOUND)),
    )
    head = struct.pack("<IIIII", 0, high, low, len(pdu), len(pdu))
    return _block(_Block.ENHANCED_PACKET, head + _padded(pdu) + options)


def _block(kind: _Block, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(*options: tuple[int, bytes]) -> bytes:
    each = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    return b"".join(each) + struct.pack("<HH", _END_OF_OPTIONS, 0)


def _tag(tag: _Tag, value: bytes) -> bytes:
    padded = _padded(value)
    return struct.pack(">HH", tag, len(padded)) + padded


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
