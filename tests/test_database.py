# SPDX-License-Identifier: Apache-2.0
"""A database that threads share."""

import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from selfrenew_emulator.database import Database

_THREADS = 4
_ROWS = 50


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(Database(None)) as made:
        made.run_all("CREATE TABLE numbers (owner INTEGER, number INTEGER)")
        for owner in range(_THREADS):
            for number in range(_ROWS):
                made.run("INSERT INTO numbers VALUES (?,?)", owner, number)
        yield made


@pytest.fixture
def often_switched() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often_switched")
def test_each_thread_gets_its_own_rows_of_the_same_statement(database: Database) -> None:
    wrong: list[object] = []

    def read(owner: int) -> None:
        expected = [(owner, number) for number in range(_ROWS)]
        for _ in range(50):
            rows = database.run("SELECT * FROM numbers WHERE owner=? ORDER BY number", owner).rows
            if rows != expected:
                wrong.append((owner, rows))

    threads = [threading.Thread(target=read, args=(owner,)) for owner in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_rows_are_there_before_another_statement_may_run(database: Database) -> None:
    done = database.run("SELECT number FROM numbers WHERE owner=0 ORDER BY number")
    database.run("DELETE FROM numbers")
    assert done.rows == [(number,) for number in range(_ROWS)]
    assert done.first == (0,)
    assert database.run("SELECT number FROM numbers").first is None


def test_a_statement_tells_how_many_rows_it_changed(database: Database) -> None:
    assert database.run("UPDATE numbers SET number=1 WHERE owner=0").changed == _ROWS
    assert database.run("DELETE FROM numbers WHERE owner=-1").changed == 0


def test_who_holds_the_lock_is_not_come_between(database: Database) -> None:
    seen: list[int] = []
    started = threading.Event()

    def count() -> None:
        started.set()
        seen.append(database.run("SELECT count(*) FROM numbers").first[0])

    thread = threading.Thread(target=count)
    with database.lock:
        database.run("DELETE FROM numbers WHERE owner=0")
        thread.start()
        started.wait()
        database.run("DELETE FROM numbers WHERE owner=1")
    thread.join()
    assert seen == [(_THREADS - 2) * _ROWS]
