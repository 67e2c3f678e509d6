# SPDX-License-Identifier: Apache-2.0
"""The lines of a trace (docs/traces.md), and what they say.

A file is read line by line, so what was written before a recording broke off can always be read.
"""

import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, unique
from pathlib import Path

from .masked import NOTHING, MaskedBytes

FORMAT = "selfrenew-trace"
VERSION = 1


@unique
class EventKind(Enum):
    """What happened between a program and a card."""

    POWER_UP = "power-up"
    """The card is there and has answered the reset, by its ATR."""
    COMMAND = "command"
    ANSWER = "answer"
    NO_ANSWER = "no-answer"
    """The reader reported something else than an answer and than a removal."""
    RESET = "reset"
    POWER_DOWN = "power-down"
    """The reader took the power away, or the program let the card go."""
    REMOVAL = "removal"
    """The card was out; a command before it got no answer."""


_FIELDS = {
    EventKind.POWER_UP: "atr",
    EventKind.COMMAND: "apdu",
    EventKind.ANSWER: "apdu",
    EventKind.NO_ANSWER: "reason",
}


class LineError(Exception):
    """A line is not one of a trace; the text repeats none of it."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: whose conversation it is."""

    time: datetime
    reader: str
    atr: bytes
    program: str

    def to_line(self) -> str:
        """Write the line."""
        return _to_line(
            {
                "format": FORMAT,
                "version": VERSION,
                "time": self.time.isoformat(timespec="milliseconds"),
                "reader": self.reader,
                "atr": self.atr.hex().upper(),
                "program": self.program,
            }
        )

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> "Header":
        """Read the line's fields. Raise LineError."""
        try:
            time = datetime.fromisoformat(_text(fields, "time"))
            atr = bytes.fromhex(_text(fields, "atr"))
        except ValueError:
            raise LineError("its time or its ATR is none") from None
        if time.tzinfo is None:
            raise LineError("its time names no offset from UTC")
        return cls(time, _text(fields, "reader"), atr, _text(fields, "program"))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, `at` seconds after the first line was written.

    `content` is the ATR, the command or the answer; `line` is where it stands in its file.
    """

    at: float
    kind: EventKind
    content: MaskedBytes = NOTHING
    reason: str = ""
    line: int = field(default=0, compare=False)

    def to_line(self) -> str:
        """Write the line."""
        fields: dict[str, object] = {"at": round(self.at, 6), "event": self.kind.value}
        name = _FIELDS.get(self.kind)
        if name is not None:
            fields[name] = self.reason if name == "reason" else str(self.content)
        return _to_line(fields)

    @classmethod
    def from_fields(cls, fields: dict[str, object], line: int) -> "Event":
        """Read the line's fields. Raise LineError."""
        at = fields.get("at")
        if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < math.inf:
            raise LineError("'at' is no number of seconds")
        try:
            kind = EventKind(_text(fields, "event"))
        except ValueError:
            known = ", ".join(each.value for each in EventKind)
            raise LineError(f"its event is unknown; there are {known}") from None
        name = _FIELDS.get(kind)
        if name is None:
            return cls(float(at), kind, line=line)
        text = _text(fields, name)
        if name == "reason":
            return cls(float(at), kind, reason=text, line=line)
        try:
            return cls(float(at), kind, MaskedBytes.from_text(text), line=line)
        except ValueError as error:
            raise LineError(f"'{name}' is not readable, {error}") from None


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded conversation; `cut_off` tells that its last line was not whole."""

    path: Path
    header: Header
    events: tuple[Event, ...]
    cut_off: bool = False


def read_fields(line: bytes) -> dict[str, object]:
    """Read a line's JSON object. Raise LineError."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise LineError("it is cut off or no JSON") from None
    if not isinstance(fields, dict):
        raise LineError("it is no JSON object")
    return fields


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise LineError(f"'{name}' is missing or no text")
    return value


def _to_line(fields: dict[str, object]) -> str:
    return json.dumps(fields) + "\n"
