# SPDX-License-Identifier: Apache-2.0
"""Reads a trace from its file."""

from pathlib import Path

from .errors import TraceDamagedError, TraceMissingError, TraceVersionError
from .events import FORMAT, VERSION, Event, EventKind, Header, LineError, Trace, read_fields


def read_trace(path: Path) -> Trace:
    """Read a trace; the last line may be cut off, as where the recorder was killed.

    Raise TraceError, which names the line, or OSError where access is denied.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise TraceMissingError(path) from error
    *whole, rest = content.split(b"\n")
    lines = [*whole, rest] if rest else whole
    if not lines:
        raise TraceDamagedError(path, 1, "the file is empty")
    header: Header | None = None
    events: list[Event] = []
    number = 0
    cut_off = False
    for number, line in enumerate(lines, 1):
        try:
            fields = read_fields(line)
            if header is None:
                header = _header(path, fields)
            else:
                events.append(_next(fields, number, events))
        except LineError as error:
            cut_off = number > len(whole) and header is not None
            if not cut_off:
                raise TraceDamagedError(path, number, str(error)) from error
    assert header is not None  # noqa: S101  the first line was read
    return Trace(path, header, tuple(events), cut_off)


def _header(path: Path, fields: dict[str, object]) -> Header:
    if fields.get("format") != FORMAT:
        raise LineError("it is not the first line of a trace")
    version = fields.get("version")
    if type(version) is not int or version < 1:
        raise LineError("its version is no number")
    if version > VERSION:
        raise TraceVersionError(path, version, VERSION)
    return Header.from_fields(fields)


def _next(fields: dict[str, object], line: int, before: list[Event]) -> Event:
    event = Event.from_fields(fields, line)
    if before and event.at < before[-1].at:
        raise LineError("it is of a time before that of the line above")
    answers = event.kind in {EventKind.ANSWER, EventKind.NO_ANSWER}
    if answers and (not before or before[-1].kind is not EventKind.COMMAND):
        raise LineError("it is an answer, and no command stands above it")
    return event
