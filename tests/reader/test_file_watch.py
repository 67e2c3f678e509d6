# SPDX-License-Identifier: Apache-2.0
"""A file that comes and goes, and who is told of it."""

import threading
from pathlib import Path

import pytest

from selfrenew_emulator.reader import file_watch
from selfrenew_emulator.reader.file_watch import FileWatch

WAIT_SECONDS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "alice.card"
    path.touch()
    return path


@pytest.fixture
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave looking to whoever begins to observe."""
    monkeypatch.setattr(file_watch, "_LOOK_SECONDS", 3600)


def test_coming_and_going_are_told_to_who_wants_to_know(path: Path) -> None:
    watch = FileWatch(path)
    came, went = threading.Event(), threading.Event()
    ends = [watch.observe(came.set, appears=True), watch.observe(went.set, appears=False)]
    path.unlink()
    assert went.wait(WAIT_SECONDS)
    assert not came.is_set()
    path.touch()
    assert came.wait(WAIT_SECONDS)
    for end in ends:
        end()


@pytest.mark.usefixtures("rarely")
def test_who_begins_later_is_told_of_what_was_not_noticed_yet(path: Path) -> None:
    watch = FileWatch(path)
    told: list[str] = []
    ends = [watch.observe(lambda: told.append("came"), appears=True)]
    path.unlink()
    # It is out for whoever begins now, so that its coming back will be one.
    ends.append(watch.observe(lambda: told.append("went"), appears=False))
    path.touch()
    ends.append(watch.observe(lambda: told.append("later"), appears=False))
    assert told == ["came"]
    path.unlink()
    ends.append(watch.observe(lambda: None, appears=True))
    assert told == ["came", "went", "later"]
    for end in ends:
        end()


@pytest.mark.usefixtures("rarely")
def test_who_ended_is_not_told_even_by_what_is_being_told(path: Path) -> None:
    watch = FileWatch(path)
    told: list[str] = []
    ends = [watch.observe(lambda: ends[1](), appears=False)]  # noqa: PLW0108  made below
    ends.append(watch.observe(lambda: told.append("went"), appears=False))
    path.unlink()
    ends.append(watch.observe(lambda: None, appears=True))
    assert told == []
    for end in ends:
        end()
        end()


def test_a_watch_that_was_ended_can_be_begun_anew(path: Path) -> None:
    watch = FileWatch(path)
    watch.observe(lambda: None, appears=True)()
    path.unlink()
    came = threading.Event()
    end = watch.observe(came.set, appears=True)
    path.touch()
    assert came.wait(WAIT_SECONDS)
    end()
