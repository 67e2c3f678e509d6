# SPDX-License-Identifier: Apache-2.0
"""When something is overdue: told without asking the database before each message."""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfrenew_emulator.ca.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None)) as made:
        yield made


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def open_until(store: Store, end: datetime, serial: int = 1) -> None:
    identifier = bytes([serial])
    assert store.begin(identifier, b"somebody")
    store.await_confirmation(identifier, serial, b"nonce", end, 0)


@pytest.mark.parametrize("ends", [(5, 60), (60, 5)], ids=["sooner first", "later first"])
def test_what_is_due_first_is_overdue_first(store: Store, ends: tuple[int, int]) -> None:
    assert not store.has_overdue(NOW)
    for serial, seconds in enumerate(ends):
        open_until(store, after(seconds), serial)
    assert not store.has_overdue(after(5))
    assert store.has_overdue(after(5.1))
    assert store.end_overdue(after(5.1)) == [ends.index(5)]
    assert not store.has_overdue(after(5.2))
    assert not store.has_overdue(after(60))
    assert store.has_overdue(after(60.1))


def test_what_is_overdue_stays_so_until_it_is_ended(store: Store) -> None:
    open_until(store, after(5))
    assert store.has_overdue(after(6))
    assert store.has_overdue(after(6))


def test_a_clock_that_is_set_back_makes_nothing_overdue_late(store: Store) -> None:
    assert not store.has_overdue(after(3600))
    open_until(store, after(5))
    assert not store.has_overdue(NOW)
    assert store.has_overdue(after(6))


def test_what_is_taken_back_is_due_as_before(store: Store) -> None:
    open_until(store, after(5))
    with store.rehearsal():
        store.end(b"\1", 1)
        assert not store.has_overdue(after(6))
    assert store.has_overdue(after(7))
    with suppress(ZeroDivisionError), store.change():
        store.end(b"\1", 1)
        assert not store.has_overdue(after(6))
        raise ZeroDivisionError
    assert store.has_overdue(after(7))


def test_what_another_program_opens_is_seen_within_seconds(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    with closing(Store(path)) as ours, closing(Store(path)) as others:
        assert not ours.has_overdue(NOW)
        open_until(others, after(1))
        assert ours.has_overdue(after(10))
