# SPDX-License-Identifier: Apache-2.0
"""Traces recorded of cards in the process."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from selfrenew.iso7816 import Tlv
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.trace import RecordedReader, Trace, TraceRecorder, read_trace

SELECT = "00A4040005A000000308"
VERIFY = "0020008008313233343536FFFF"
READ = "00CB3FFF055C035FC10500"
TRIES = "00200080"

Record = Callable[..., Trace]


@pytest.fixture
def card() -> Card:
    return Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(1)
    )


@pytest.fixture
def ticks() -> Iterator[float]:
    """A clock that goes on by a quarter of a second each time it is asked."""
    return (each / 4 for each in count())


@pytest.fixture
def reader(card: Card, tmp_path: Path, ticks: Iterator[float]) -> RecordedReader:
    inner = EmbeddedReader("Desk")
    inner.insert(card)
    recorder = TraceRecorder(
        tmp_path / "desk.trace",
        inner.name,
        clock=SettableClock(DEFAULT_NOW),
        ticks=lambda: next(ticks),
    )
    return RecordedReader(inner, recorder)


@pytest.fixture
def record(reader: RecordedReader) -> Record:
    """Record a conversation, given by its commands in hexadecimal."""

    def record_commands(*commands: str) -> Trace:
        connection = reader.connect()
        for command in commands:
            connection.transmit(bytes.fromhex(command))
        connection.close()
        return read_trace(reader.recorder.path)

    return record_commands


@pytest.fixture
def certificate_object() -> bytes:
    """What a card has in place of a certificate, and which is none."""
    return bytes(Tlv(0x70, b"\x30\x00")) + bytes(Tlv(0x71, b"\x00")) + bytes(Tlv(0xFE, b""))
