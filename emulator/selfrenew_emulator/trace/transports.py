# SPDX-License-Identifier: Apache-2.0
"""Readers by name, for `selfrenew.transports`: `recorded` records another one, `trace` plays one.

`pcsc:NAME > FILE` and `image:FILE > FILE` are locations of the first, `FILE` and `tolerant:FILE` of
the second. So the reference's programs are recorded and played to without knowing of this package.
"""

from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from selfrenew.transport.connection import MonitoredReader, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import EmbeddedReader

from .errors import TraceError
from .playing import ScriptedCard
from .reading import read_trace
from .recorded import RecordedReader
from .recorder import TraceRecorder

_GROUP = "selfrenew.transports"
"""The entry points through which `selfrenew` finds readers (docs/integrating.md)."""
_INTO = " > "
_TOLERANT = "tolerant:"


class TraceTransportError(TransportError):
    """A reader that records or plays cannot be had; the text says why."""


def open_reader(transport: str, location: str, folder: Path) -> MonitoredReader:
    """Open a reader of any transport that is installed. Raise TransportError."""
    points = {point.name: point for point in entry_points(group=_GROUP)}
    if transport not in points:
        known = ", ".join(sorted(points))
        raise TraceTransportError(f"There is no transport '{transport}'. Known: {known}.")
    try:
        reader = points[transport].load()(location, folder)
    except ImportError as error:
        raise TraceTransportError(
            f"Opening a reader by the transport '{transport}' failed ({error}). Install the extra "
            f"of that name: smartcard-selfrenew[{transport}]."
        ) from error
    return cast("MonitoredReader", reader)


def open_recorded_reader(location: str, folder: Path) -> RecordedReader:
    """Open a reader and record each conversation with its card in one new file."""
    source, into, file = location.rpartition(_INTO)
    transport, colon, inner = source.partition(":")
    if not into or not colon or not file.strip():
        raise TraceTransportError(
            f"Recording '{location}' failed: it names no reader and file, as in "
            "'pcsc:Desk reader > desk.trace' or 'image:alice.card > alice.trace'."
        )
    reader = open_reader(transport, inner.strip(), folder)
    try:
        recorder = TraceRecorder(folder / file.strip(), reader.name)
    except TraceError as error:
        raise TraceTransportError(str(error)) from error
    return RecordedReader(reader, recorder)


def open_played_reader(location: str, folder: Path) -> EmbeddedReader:
    """Make a reader with the scripted card of a trace in it."""
    path = folder / location.removeprefix(_TOLERANT)
    try:
        card = ScriptedCard(read_trace(path), tolerant=location.startswith(_TOLERANT))
    except TraceError as error:
        raise TraceTransportError(str(error)) from error
    except OSError as error:
        raise TraceTransportError(f"Reading the trace {path} failed: {error.strerror}.") from error
    return insert_scripted(EmbeddedReader(f"trace {path}"), card)


def insert_scripted(reader: EmbeddedReader, card: ScriptedCard) -> EmbeddedReader:
    """Put a scripted card into an embedded reader, and return the reader."""
    # The reader asks of a card what a scripted one has: its ATR, power, a reset, and answers.
    reader.insert(cast("Card", card))
    return reader
