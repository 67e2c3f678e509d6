# SPDX-License-Identifier: Apache-2.0
"""The cards in circulation, in sqlite: whose they are, and their escrowed PUKs."""

import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path

from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cards (guid BLOB PRIMARY KEY, user_id TEXT NOT NULL,
  email TEXT NOT NULL, algorithm TEXT NOT NULL, puk BLOB NOT NULL, next_puk BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class ManagedCard:
    """A card; `next_puk` is one that was handed out and perhaps set already."""

    guid: bytes
    user_id: str
    email: str
    algorithm: Algorithm
    puk: Secret = field(repr=False)
    next_puk: Secret | None = field(default=None, repr=False)


class Registry:
    """The database; safe for the event loop's thread and the owner's."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        if path is not None:
            path.chmod(0o600)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def master_key(self, fresh: Secret) -> Secret:
        """Give the kept master key; keep a fresh one where there is none."""
        self._run("INSERT OR IGNORE INTO settings VALUES ('master_key', ?)", fresh.reveal())
        row = self._run("SELECT value FROM settings WHERE name='master_key'").fetchone()
        return Secret(row[0])

    def put(self, card: ManagedCard) -> None:
        """Add or replace a card."""
        self._run(
            "INSERT OR REPLACE INTO cards VALUES (?,?,?,?,?,?)",
            card.guid,
            card.user_id,
            card.email,
            card.algorithm.name,
            card.puk.reveal(),
            card.next_puk and card.next_puk.reveal(),
        )

    def find(self, guid: bytes) -> ManagedCard | None:
        """Find a card."""
        row = self._run("SELECT * FROM cards WHERE guid=?", guid).fetchone()
        if row is None:
            return None
        following = None if row[5] is None else Secret(row[5])
        return ManagedCard(row[0], row[1], row[2], Algorithm[row[3]], Secret(row[4]), following)

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)
