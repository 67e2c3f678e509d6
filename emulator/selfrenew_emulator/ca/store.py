# SPDX-License-Identifier: Apache-2.0
"""What the CA remembers, in sqlite: certificates, transactions and enrolments."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS certificates (
  serial TEXT PRIMARY KEY, issuer BLOB NOT NULL, subject BLOB NOT NULL, profile TEXT NOT NULL,
  key_hash BLOB NOT NULL, der BLOB NOT NULL, state TEXT NOT NULL, since REAL NOT NULL,
  replaces TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_holder ON certificates (subject, profile, state);
CREATE INDEX IF NOT EXISTS by_key ON certificates (key_hash, state);
CREATE TABLE IF NOT EXISTS transactions (
  id BLOB PRIMARY KEY, serial TEXT, nonce BLOB, confirm_until REAL, open INTEGER NOT NULL,
  requester BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS enrolments (
  reference TEXT PRIMARY KEY, secret BLOB NOT NULL, subject BLOB, profiles TEXT NOT NULL,
  uses_left INTEGER, not_after REAL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A certificate and its standing. `replaces` is the serial number of the one it updates."""

    certificate: x509.Certificate
    profile: str
    state: CertificateState
    since: datetime
    replaces: int | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction; `requester` identifies who began it and so who may go on with it."""

    serial: int | None
    nonce: bytes
    confirm_until: datetime | None
    is_open: bool
    requester: bytes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A shared secret with which certificates may be asked for the first time.

    `subject` None takes the requested one; `uses_left` None is unlimited.
    """

    reference: str
    secret: Secret
    subject: bytes | None
    profiles: frozenset[str]
    uses_left: int | None
    not_after: datetime | None


class Store:
    """The database; safe for the event loop's thread and the owner's."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        if path is not None:
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make the changes inside count together, or not at all; may be nested."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add(
        self,
        certificate: x509.Certificate,
        *,
        profile: str,
        key_hash: bytes,
        now: datetime,
        replaces: int | None,
    ) -> None:
        """Remember a certificate as pending."""
        self._run(
            "INSERT INTO certificates VALUES (?,?,?,?,?,?,?,?,?)",
            _text(certificate.serial_number),
            certificate.issuer.public_bytes(),
            certificate.subject.public_bytes(),
            profile,
            key_hash,
            certificate.public_bytes(Encoding.DER),
            CertificateState.PENDING.value,
            now.timestamp(),
            None if replaces is None else _text(replaces),
        )

    def set_state(self, serial: int, state: CertificateState, now: datetime) -> None:
        """Change a certificate's standing."""
        self._run(
            "UPDATE certificates SET state=?, since=? WHERE serial=?",
            state.value,
            now.timestamp(),
            _text(serial),
        )

    def find(self, serial: int) -> Record | None:
        """Find a certificate by its serial number, unique over all issuers here."""
        rows = self._records("serial=?", _text(serial))
        return rows[0] if rows else None

    def of_holder(
        self, subject: bytes, profile: str | None = None, state: CertificateState | None = None
    ) -> list[Record]:
        """Find a holder's certificates, oldest change first."""
        where = "subject=?"
        values: list[object] = [subject]
        if profile is not None:
            where += " AND profile=?"
            values.append(profile)
        if state is not None:
            where += " AND state=?"
            values.append(state.value)
        return self._records(f"{where} ORDER BY since", *values)

    def of_key(self, key_hash: bytes) -> list[Record]:
        """Find the certificates of a public key."""
        return self._records("key_hash=?", key_hash)

    def begin(self, transaction_id: bytes, requester: bytes) -> bool:
        """Take a transactionID; False where it was used before, ever."""
        cursor = self._run(
            "INSERT OR IGNORE INTO transactions VALUES (?,NULL,NULL,NULL,1,?)",
            transaction_id,
            requester,
        )
        return cursor.rowcount == 1

    def await_confirmation(
        self, transaction_id: bytes, serial: int, nonce: bytes, until: datetime
    ) -> None:
        """Keep a transaction open for its certConf."""
        self._run(
            "UPDATE transactions SET serial=?, nonce=?, confirm_until=? WHERE id=?",
            _text(serial),
            nonce,
            until.timestamp(),
            transaction_id,
        )

    def end(self, transaction_id: bytes) -> None:
        """Close a transaction; its ID stays taken."""
        self._run("UPDATE transactions SET open=0 WHERE id=?", transaction_id)

    def transaction(self, transaction_id: bytes) -> Transaction | None:
        """Find a transaction."""
        row = self._run(
            "SELECT serial, nonce, confirm_until, open, requester FROM transactions WHERE id=?",
            transaction_id,
        ).fetchone()
        if row is None:
            return None
        return Transaction(
            None if row[0] is None else int(row[0], 16),
            row[1] or b"",
            _moment(row[2]),
            bool(row[3]),
            row[4],
        )

    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Remember an enrolment, in place of one with the same reference."""
        end = enrolment.not_after
        self._run(
            "INSERT OR REPLACE INTO enrolments VALUES (?,?,?,?,?,?)",
            enrolment.reference,
            enrolment.secret.reveal(),
            enrolment.subject,
            " ".join(sorted(enrolment.profiles)),
            enrolment.uses_left,
            None if end is None else end.timestamp(),
        )

    def enrolment(self, reference: str) -> Enrolment | None:
        """Find an enrolment."""
        row = self._run("SELECT * FROM enrolments WHERE reference=?", reference).fetchone()
        if row is None:
            return None
        profiles = frozenset(row[3].split())
        return Enrolment(row[0], Secret(row[1]), row[2], profiles, row[4], _moment(row[5]))

    def use_enrolment(self, reference: str) -> None:
        """Count one use of an enrolment."""
        self._run("UPDATE enrolments SET uses_left=uses_left-1 WHERE reference=?", reference)

    def _records(self, where: str, *values: object) -> list[Record]:
        rows = self._run(
            f"SELECT der, profile, state, since, replaces FROM certificates WHERE {where}",  # noqa: S608  conditions written above, values bound
            *values,
        ).fetchall()
        return [
            Record(
                x509.load_der_x509_certificate(der),
                profile,
                CertificateState(state),
                datetime.fromtimestamp(since, UTC),
                None if replaces is None else int(replaces, 16),
            )
            for der, profile, state, since, replaces in rows
        ]

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)


def _text(serial: int) -> str:
    return f"{serial:x}"


def _moment(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
