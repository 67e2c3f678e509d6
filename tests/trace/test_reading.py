# SPDX-License-Identifier: Apache-2.0
"""Traces as they come from elsewhere: cut off, damaged, of a newer version."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew_emulator.trace import (
    Event,
    EventKind,
    MaskedBytes,
    Trace,
    TraceDamagedError,
    TraceError,
    TraceMissingError,
    TraceVersionError,
    read_trace,
    to_json,
    to_lines,
    to_pcapng,
)
from selfrenew_emulator.trace.events import read_fields

from .conftest import READ, SELECT, VERIFY, Record


@pytest.fixture
def lines(record: Record) -> list[str]:
    return record(SELECT, VERIFY, READ).path.read_text().splitlines(keepends=True)


def with_field(name: str, value: object) -> Callable[[str], str]:
    return lambda line: json.dumps({**json.loads(line), name: value}) + "\n"


@given(st.lists(st.one_of(st.none(), st.integers(0, 255))))
def test_masked_bytes_come_back_from_their_text(octets: list[int | None]) -> None:
    masked = MaskedBytes(tuple(octets))
    assert MaskedBytes.from_text(str(masked)) == masked
    assert masked.matches(masked.filled(0))
    assert masked.matches(masked.filled(0xFF))
    assert masked.hidden == octets.count(None)
    assert not masked.matches(masked.filled() + b"\0")


@pytest.mark.parametrize("text", ["0", "0x", "+1", " 1", "*1", "1*", "***", "٣٣", "1_"])
def test_other_text_is_no_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="pairs of hexadecimal digits"):
        MaskedBytes.from_text(text)


@given(
    st.sampled_from(EventKind),
    st.floats(0, 1e6),
    st.binary(max_size=8),
    st.text(max_size=8),
)
def test_an_event_comes_back_from_its_line(
    kind: EventKind, at: float, content: bytes, reason: str
) -> None:
    has = {EventKind.POWER_UP, EventKind.COMMAND, EventKind.ANSWER}
    event = Event(
        round(at, 6),
        kind,
        MaskedBytes.of(content if kind in has else b""),
        reason if kind is EventKind.NO_ANSWER else "",
    )
    line = event.to_line()
    assert line.endswith("\n")
    assert line.isascii()
    assert line.count("\n") == 1
    assert Event.from_fields(read_fields(line.encode()), 7) == event


def test_what_was_written_before_a_trace_breaks_off_is_read(
    lines: list[str], tmp_path: Path
) -> None:
    whole = "".join(lines)
    path = tmp_path / "cut.trace"
    complete = len(read_trace(_written(path, whole)).events)
    for length in range(len(lines[0]), len(whole), 3):
        trace = read_trace(_written(path, whole[:length]))
        assert len(trace.events) in {whole[:length].count("\n") - 1, whole[:length].count("\n")}
        assert list(to_lines(trace))
    assert complete == len(lines) - 1


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "change", "why"),
    [
        (1, lambda _: "\n", "it is cut off or no JSON"),
        (1, with_field("format", "another"), "not the first line of a trace"),
        (1, with_field("version", "1"), "its version is no number"),
        (1, with_field("time", "2026-01-01T00:00:00"), "no offset"),
        (1, with_field("atr", "3"), "its ATR is none"),
        (1, with_field("reader", None), "'reader' is missing"),
        (3, lambda line: line[:20] + "\n", "it is cut off or no JSON"),
        (3, lambda _: "[]\n", "no JSON object"),
        (3, lambda _: "[" * 100_000 + "\n", "it is cut off or no JSON"),
        (3, with_field("apdu", "0"), "pairs of hexadecimal digits"),
        (3, with_field("event", "explosion"), "there are power-up, command"),
        (3, with_field("at", -1), "no number of seconds"),
        (3, with_field("at", float("nan")), "no number of seconds"),
        (3, with_field("at", True), "no number of seconds"),
        (4, with_field("at", 0), "a time before"),
        (3, with_field("event", "answer"), "no command stands above it"),
    ],
)
def test_a_damaged_line_is_named_with_what_to_do(
    lines: list[str], tmp_path: Path, line: int, change: Callable[[str], str], why: str
) -> None:
    lines[line - 1] = change(lines[line - 1])
    path = _written(tmp_path / "damaged.trace", "".join(lines))
    with pytest.raises(TraceDamagedError, match=why) as raised:
        read_trace(path)
    assert raised.value.line == line
    assert f"line {line}" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert path.read_text() == "".join(lines)


def test_a_newer_version_asks_for_a_newer_program(lines: list[str], tmp_path: Path) -> None:
    lines[0] = with_field("version", 2)(lines[0])
    with pytest.raises(TraceVersionError, match=r"version 2.*Update the program"):
        read_trace(_written(tmp_path / "new.trace", "".join(lines)))


def test_fields_that_a_later_program_adds_are_passed_over(lines: list[str], tmp_path: Path) -> None:
    later = [with_field("further", 1)(line) for line in lines]
    read = read_trace(_written(tmp_path / "later.trace", "".join(later)))
    assert len(read.events) == len(lines) - 1


def test_no_file_and_an_empty_one_say_so(tmp_path: Path) -> None:
    with pytest.raises(TraceMissingError, match="trace record"):
        read_trace(tmp_path / "none.trace")
    with pytest.raises(TraceDamagedError, match="empty"):
        read_trace(_written(tmp_path / "empty.trace", ""))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.data())
def test_any_bytes_are_a_trace_that_can_be_shown_or_an_error(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "any.trace"
    header = (
        b'{"format": "selfrenew-trace", "version": 1, "time": "2026-01-01T00:00:00Z", '
        b'"reader": "\\u001b[2J", "atr": "3B00", "program": "x"}\n'
    )
    octets = st.binary(max_size=12).map(lambda raw: raw.hex())
    event = st.fixed_dictionaries(
        {
            "at": st.just(1),
            "event": st.sampled_from([each.value for each in EventKind]),
            "apdu": st.one_of(octets, st.just("00CB3FFF05****5FC105")),
            "atr": octets,
            "reason": st.text(max_size=3),
        }
    ).map(lambda fields: json.dumps(fields).encode() + b"\n")
    path.write_bytes(header + b"".join(data.draw(st.lists(event | st.binary(max_size=9)))))
    trace: Trace | None = None
    with suppress(TraceError):
        trace = read_trace(path)
    if trace is None:
        return
    assert all(line.isprintable() for line in to_lines(trace))
    assert json.dumps(to_json(trace))
    assert len(to_pcapng(trace)) % 4 == 0
