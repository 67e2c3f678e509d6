# SPDX-License-Identifier: Apache-2.0
"""sqlite for several threads: one statement at a time, its rows fetched before the next one."""

import sqlite3
import threading
from pathlib import Path
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What came of a statement: its rows, and how many others it changed."""

    rows: list[Any]
    changed: int

    @property
    def first(self) -> Any:
        """The first row, None where there is none."""
        return self.rows[0] if self.rows else None


class Database:
    """A connection that threads may share; `path` None keeps nothing.

    Threads that run the same text share its prepared statement, so that a row that is fetched
    later may be another thread's. Who holds `lock` runs several statements with none between them.
    """

    def __init__(self, path: Path | None) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(
            # Without a name it is in memory, and what is too much for sqlite's cache in a nameless
            # file: a commit goes through all of the cache, so a larger one would be slower.
            "" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
        )
        if path is None:
            self._connection.execute("PRAGMA journal_mode=MEMORY")

    def close(self) -> None:
        """Close it."""
        with self.lock:
            self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction has begun."""
        return self._connection.in_transaction

    def run(self, sql: str, *values: object) -> Outcome:
        """Run a statement to its end."""
        with self.lock:
            cursor = self._connection.execute(sql, values)
            return Outcome(cursor.fetchall(), cursor.rowcount)

    def run_all(self, script: str) -> None:
        """Run several statements that give no rows."""
        with self.lock:
            self._connection.executescript(script)
