# SPDX-License-Identifier: Apache-2.0
"""Local time that changes while a card is used, in the process itself."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import (
    FaultBoard,
    FaultOrderError,
    ProcessZone,
    Surroundings,
    read_order,
    switching_at,
)
from selfrenew_emulator.reader import EmbeddedReader

NOW = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
TRIES = bytes.fromhex("00200080")


@pytest.fixture(autouse=True)
def zone() -> Iterator[ProcessZone]:
    zone = ProcessZone()
    zone.set("UTC")
    yield zone
    zone.restore()


def offset(moment: datetime) -> timedelta:
    return timedelta(seconds=time.localtime(moment.timestamp()).tm_gmtoff)


def test_the_process_has_the_local_time_of_the_zone_until_the_board_is_cleared(
    selfrenew_reader: EmbeddedReader,
) -> None:
    board = FaultBoard()
    board.attach_reader(selfrenew_reader)
    board.arm("world.time-zone:after=VERIFY,zone=Asia/Kathmandu")
    assert selfrenew_reader.connect().transmit(TRIES) == b"\x63\xc3"
    assert offset(NOW) == timedelta(hours=5, minutes=45)
    board.clear()
    assert offset(NOW) == timedelta()
    assert os.environ["TZ"] == "UTC"


@pytest.mark.parametrize(("turn", "by"), [("begins", HOUR), ("ends", -HOUR)])
def test_summer_time_turns_at_the_command(
    selfrenew_reader: EmbeddedReader, turn: str, by: timedelta
) -> None:
    board = FaultBoard(Surroundings(clock=SettableClock(NOW)))
    board.attach_reader(selfrenew_reader)
    board.arm(f"world.summer-time:before=VERIFY,turn={turn}")
    selfrenew_reader.connect().transmit(TRIES)
    assert [offset(NOW - SECOND), offset(NOW)] == [timedelta(), by]
    board.clear()


@pytest.mark.parametrize("name", ["UTC", "America/St_Johns", "Pacific/Auckland", "Asia/Kolkata"])
@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize(
    "moment",
    [NOW, datetime(2026, 12, 30, 9, 59, 59, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)],
)
def test_a_turn_is_an_hour_from_the_local_time_that_was(
    zone: ProcessZone, name: str, moment: datetime, *, begins: bool
) -> None:
    zone.set(name)
    before = offset(moment - SECOND)
    zone.set(switching_at(moment, begins=begins))
    assert offset(moment - SECOND) == before
    assert offset(moment) == before + (HOUR if begins else -HOUR)
    assert offset(moment + 24 * HOUR) == offset(moment)


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(FaultOrderError, match="'Mars/Base' is no time zone of this system"):
        read_order("world.time-zone:at=1,zone=Mars/Base")
