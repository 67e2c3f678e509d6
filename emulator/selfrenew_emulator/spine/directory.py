# SPDX-License-Identifier: Apache-2.0
"""Who works where: the people the Spine knows, and their sessions, in sqlite."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from selfrenew_emulator.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (user_id TEXT PRIMARY KEY, name TEXT NOT NULL,
  roles TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (ticket TEXT PRIMARY KEY, user_id TEXT NOT NULL,
  certificate BLOB NOT NULL, role TEXT, ends REAL NOT NULL, dead TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_user ON sessions (user_id);
"""


@dataclass(frozen=True, slots=True)
class Role:
    """What a person is somewhere."""

    id: str
    name: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a smartcard; `user_id` has twelve digits."""

    user_id: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A ticket's session; `dead` says why it ended, None while it lives."""

    user_id: str
    certificate_der: bytes
    role_id: str | None
    ends: datetime
    dead: str | None


class Directory:
    """The database; safe for the event loop's thread and the owner's."""

    def __init__(self, path: Path | None) -> None:
        self._db = Database(path)
        self._db.run_all(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def register(self, person: Person) -> None:
        """Add or replace a person."""
        roles = json.dumps([asdict(role) for role in person.roles])
        self._db.run(
            "INSERT OR REPLACE INTO people VALUES (?,?,?)", person.user_id, person.name, roles
        )

    def person(self, user_id: str) -> Person | None:
        """Find a person."""
        row = self._db.run("SELECT name, roles FROM people WHERE user_id=?", user_id).first
        if row is None:
            return None
        return Person(user_id, row[0], tuple(Role(**role) for role in json.loads(row[1])))

    def open_session(
        self, ticket: str, user_id: str, certificate_der: bytes, ends: datetime
    ) -> None:
        """Begin a session, and end those that another certificate of the person began."""
        self._db.run(
            "UPDATE sessions SET dead='superseded' WHERE user_id=? AND dead IS NULL "
            "AND certificate<>?",
            user_id,
            certificate_der,
        )
        self._db.run(
            "INSERT INTO sessions VALUES (?,?,?,NULL,?,NULL)",
            ticket,
            user_id,
            certificate_der,
            ends.timestamp(),
        )

    def session(self, ticket: str) -> Session | None:
        """Find a session."""
        row = self._db.run(
            "SELECT user_id, certificate, role, ends, dead FROM sessions WHERE ticket=?", ticket
        ).first
        if row is None:
            return None
        return Session(row[0], row[1], row[2], datetime.fromtimestamp(row[3], UTC), row[4])

    def set_role(self, ticket: str, role_id: str) -> None:
        """Remember the chosen role."""
        self._db.run("UPDATE sessions SET role=? WHERE ticket=?", role_id, ticket)

    def end_session(self, ticket: str, reason: str) -> None:
        """End a session that lives."""
        self._db.run("UPDATE sessions SET dead=? WHERE ticket=? AND dead IS NULL", reason, ticket)
