# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfrenew.clock import system_clock
from selfrenew_emulator.clock import ClockFileError, FileClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_system_clock_tells_an_aware_time_in_utc() -> None:
    before, told, after = datetime.now(UTC), system_clock(), datetime.now(UTC)
    assert told.tzinfo is UTC
    assert before <= told <= after


def test_a_clock_in_a_file_tells_others_what_it_was_set_to(tmp_path: Path) -> None:
    file = tmp_path / "clock" / "ca"
    mine, another = FileClock(file), FileClock(file)
    mine.set(NOON)
    assert another() == NOON
    another.advance(timedelta(days=90, microseconds=1))
    assert mine() == NOON + timedelta(days=90, microseconds=1)
    assert [each.name for each in file.parent.iterdir()] == ["ca"]


def test_one_of_several_files_is_set_apart_until_all_are_set_again(tmp_path: Path) -> None:
    ca, services = tmp_path / "ca", tmp_path / "services"
    both = FileClock(ca, services)
    both.set(NOON)
    FileClock(services).advance(timedelta(hours=1))
    assert (both(), FileClock(services)()) == (NOON, NOON + timedelta(hours=1))
    both.advance(timedelta(minutes=1))
    assert FileClock(services)() == both() == NOON + timedelta(minutes=1)


@pytest.mark.parametrize("content", ["", "yesterday", "2026-03-02T12:00:00", "\xff"])
def test_a_file_that_is_no_clock_is_told_with_the_form_it_has(tmp_path: Path, content: str) -> None:
    file = tmp_path / "clock"
    file.write_text(content, "latin-1")
    with pytest.raises(ClockFileError, match=r"one time with its offset, such as 2026-"):
        FileClock(file)()


def test_a_clock_without_its_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClockFileError, match="No such file"):
        FileClock(tmp_path / "clock")()


def test_a_time_without_an_offset_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="aware"):
        FileClock(tmp_path / "clock").set(NOON.replace(tzinfo=None))
