# SPDX-License-Identifier: Apache-2.0
"""Traces: a card's conversation recorded without its secrets, shown, played again, exported."""

from .decoding import Decoded, Node, decode, describe
from .errors import (
    DivergedError,
    NothingToPlayError,
    TraceDamagedError,
    TraceError,
    TraceExistsError,
    TraceMissingError,
    TraceVersionError,
    TraceWriteError,
)
from .events import Event, EventKind, Header, Trace
from .masked import MaskedBytes
from .masking import Masker
from .pcapng import to_pcapng
from .playing import ScriptedCard, played_cards
from .reading import read_trace
from .recorded import RecordedCard, RecordedConnection, RecordedReader
from .recorder import TraceRecorder
from .relay import RelayedCard, relayed_cards
from .seat import Seat
from .showing import printable, to_json, to_lines
from .transports import (
    insert_scripted,
    open_played_reader,
    open_reader,
    open_recorded_reader,
)
from .writing import write_whole

__all__ = [
    "Decoded",
    "DivergedError",
    "Event",
    "EventKind",
    "Header",
    "MaskedBytes",
    "Masker",
    "Node",
    "NothingToPlayError",
    "RecordedCard",
    "RecordedConnection",
    "RecordedReader",
    "RelayedCard",
    "ScriptedCard",
    "Seat",
    "Trace",
    "TraceDamagedError",
    "TraceError",
    "TraceExistsError",
    "TraceMissingError",
    "TraceRecorder",
    "TraceVersionError",
    "TraceWriteError",
    "decode",
    "describe",
    "insert_scripted",
    "open_played_reader",
    "open_reader",
    "open_recorded_reader",
    "played_cards",
    "printable",
    "read_trace",
    "relayed_cards",
    "to_json",
    "to_lines",
    "to_pcapng",
    "write_whole",
]
