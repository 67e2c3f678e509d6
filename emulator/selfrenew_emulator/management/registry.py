# SPDX-License-Identifier: Apache-2.0
"""The cards in circulation, in sqlite: whose they are, and their escrowed PUKs."""

from dataclasses import dataclass, field
from pathlib import Path

from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret
from selfrenew_emulator.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cards (guid BLOB PRIMARY KEY, user_id TEXT NOT NULL,
  email TEXT NOT NULL, algorithm TEXT NOT NULL, puk BLOB NOT NULL, next_puk BLOB,
  next_refused INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class ManagedCard:
    """A card; `next_puk` is one that was handed out and perhaps set already.

    `next_refused` is whether the card had another one when it was last asked.
    """

    guid: bytes
    user_id: str
    email: str
    algorithm: Algorithm
    puk: Secret = field(repr=False)
    next_puk: Secret | None = field(default=None, repr=False)
    next_refused: bool = False


class Registry:
    """The database; safe for the event loop's thread and the owner's."""

    def __init__(self, path: Path | None) -> None:
        self._db = Database(path)
        if path is not None:
            path.chmod(0o600)
        self._db.run_all(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def master_key(self, fresh: Secret) -> Secret:
        """Give the kept master key; keep a fresh one where there is none."""
        self._db.run("INSERT OR IGNORE INTO settings VALUES ('master_key', ?)", fresh.reveal())
        row = self._db.run("SELECT value FROM settings WHERE name='master_key'").first
        return Secret(row[0])

    def put(self, card: ManagedCard) -> None:
        """Add or replace a card."""
        self._db.run(
            "INSERT OR REPLACE INTO cards VALUES (?,?,?,?,?,?,?)",
            card.guid,
            card.user_id,
            card.email,
            card.algorithm.name,
            card.puk.reveal(),
            card.next_puk and card.next_puk.reveal(),
            card.next_refused,
        )

    def find(self, guid: bytes) -> ManagedCard | None:
        """Find a card."""
        row = self._db.run("SELECT * FROM cards WHERE guid=?", guid).first
        if row is None:
            return None
        guid, user_id, email, algorithm, puk, following, refused = row
        return ManagedCard(
            guid,
            user_id,
            email,
            Algorithm[algorithm],
            Secret(puk),
            None if following is None else Secret(following),
            bool(refused),
        )
