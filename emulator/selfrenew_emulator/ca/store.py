# SPDX-License-Identifier: Apache-2.0
"""What the CA remembers, in sqlite: certificates, transactions, enrolments and an audit trail."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState

from .errors import DamagedStateError
from .records import AuditEntry, Enrolment, Record, Transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS certificates (
  serial TEXT PRIMARY KEY, subject BLOB NOT NULL, profile TEXT NOT NULL, key_hash BLOB NOT NULL,
  der BLOB NOT NULL, state TEXT NOT NULL, since REAL NOT NULL, replaces TEXT, reference TEXT,
  reason TEXT
);
CREATE INDEX IF NOT EXISTS by_holder ON certificates (subject, profile, state);
CREATE INDEX IF NOT EXISTS by_key ON certificates (key_hash);
CREATE TABLE IF NOT EXISTS transactions (
  id BLOB PRIMARY KEY, requester BLOB NOT NULL, open INTEGER NOT NULL DEFAULT 0, serial TEXT,
  nonce BLOB, confirm_until REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_until ON transactions (confirm_until) WHERE open = 1;
CREATE INDEX IF NOT EXISTS open_for ON transactions (serial) WHERE open = 1;
CREATE TABLE IF NOT EXISTS enrolments (
  reference TEXT PRIMARY KEY, secret BLOB NOT NULL, subject BLOB, profiles TEXT NOT NULL,
  uses_left INTEGER, not_after REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
  at REAL NOT NULL, transaction_id BLOB NOT NULL, message TEXT NOT NULL, requester TEXT NOT NULL,
  answer TEXT NOT NULL
);
"""
_RECORD = "der, profile, state, since, replaces, reference, reason"


class Store:
    """The database; safe for the event loop's thread and the owner's. `path` None is in memory."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        try:
            if path is not None:
                # Before sqlite makes it, so that nobody else can read it even for a moment.
                path.touch(mode=0o600)
            self._db = sqlite3.connect(
                ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
            )
            if path is not None:
                self._db.execute("PRAGMA journal_mode=WAL")
                # A killed process loses nothing so; only a machine without power may.
                self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise DamagedStateError(path or Path(":memory:"), str(error)) from error

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make the changes inside count together, or not at all; may be nested."""
        with self._lock:
            nested = self._db.in_transaction
            self._db.execute("SAVEPOINT change" if nested else "BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO change" if nested else "ROLLBACK")
                raise
            finally:
                if nested:
                    self._db.execute("RELEASE change")
            if not nested:
                self._db.execute("COMMIT")

    def add(self, record: Record, key_hash: bytes) -> None:
        """Remember a certificate."""
        certificate = record.certificate
        self._run(
            "INSERT INTO certificates VALUES (?,?,?,?,?,?,?,?,?,NULL)",
            _text(certificate.serial_number),
            certificate.subject.public_bytes(),
            record.profile,
            key_hash,
            certificate.public_bytes(Encoding.DER),
            record.state.value,
            record.since.timestamp(),
            None if record.replaces is None else _text(record.replaces),
            record.reference,
        )

    def move(
        self,
        serial: int,
        before: CertificateState,
        after: CertificateState,
        now: datetime,
        reason: x509.ReasonFlags | None = None,
    ) -> bool:
        """Change a certificate's standing if it is what it is taken to be; tell whether it was."""
        cursor = self._run(
            "UPDATE certificates SET state=?, since=?, reason=? WHERE serial=? AND state=?",
            after.value,
            now.timestamp(),
            None if reason is None else reason.value,
            _text(serial),
            before.value,
        )
        return cursor.rowcount == 1

    def find(self, serial: int) -> Record | None:
        """Find a certificate by its serial number, unique over all issuers here."""
        rows = self._records("serial=?", _text(serial))
        return rows[0] if rows else None

    def of_holder(
        self, subject: bytes, profile: str | None = None, state: CertificateState | None = None
    ) -> list[Record]:
        """Find a holder's certificates in the order of their issue."""
        where = "subject=?"
        values: list[object] = [subject]
        if profile is not None:
            where += " AND profile=?"
            values.append(profile)
        if state is not None:
            where += " AND state=?"
            values.append(state.value)
        return self._records(f"{where} ORDER BY rowid", *values)

    def of_key(self, key_hash: bytes) -> list[Record]:
        """Find the certificates of a public key."""
        return self._records("key_hash=?", key_hash)

    def begin(self, transaction_id: bytes, requester: bytes) -> bool:
        """Take a transactionID; False where it was used before, ever."""
        cursor = self._run(
            "INSERT OR IGNORE INTO transactions (id, requester) VALUES (?,?)",
            transaction_id,
            requester,
        )
        return cursor.rowcount == 1

    def await_confirmation(
        self, transaction_id: bytes, serial: int, nonce: bytes, until: datetime
    ) -> None:
        """Open a transaction for its certConf; one opened for the same certificate is over."""
        self._run("UPDATE transactions SET open=0 WHERE serial=? AND open=1", _text(serial))
        self._run(
            "UPDATE transactions SET open=1, serial=?, nonce=?, confirm_until=? WHERE id=?",
            _text(serial),
            nonce,
            until.timestamp(),
            transaction_id,
        )

    def end(self, transaction_id: bytes, serial: int) -> None:
        """Close a transaction; its ID stays taken."""
        self._run(
            "UPDATE transactions SET open=0, serial=? WHERE id=?", _text(serial), transaction_id
        )

    def end_overdue(self, now: datetime) -> list[int]:
        """Close what was not confirmed in time; return the serial numbers."""
        late = now.timestamp()
        rows = self._run(
            "SELECT serial FROM transactions WHERE open=1 AND confirm_until<?", late
        ).fetchall()
        if rows:
            self._run("UPDATE transactions SET open=0 WHERE open=1 AND confirm_until<?", late)
        return [int(serial, 16) for (serial,) in rows]

    def transaction(self, transaction_id: bytes) -> Transaction | None:
        """Find a transaction."""
        row = self._run(
            "SELECT serial, nonce, open, requester FROM transactions WHERE id=?", transaction_id
        ).fetchone()
        if row is None:
            return None
        serial = None if row[0] is None else int(row[0], 16)
        return Transaction(serial, row[1] or b"", bool(row[2]), row[3])

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
        end = None if row[5] is None else datetime.fromtimestamp(row[5], UTC)
        return Enrolment(row[0], Secret(row[1]), row[2], frozenset(row[3].split()), row[4], end)

    def count_use(self, reference: str, uses: int) -> None:
        """Count uses of an enrolment; negative ones are given back."""
        self._run("UPDATE enrolments SET uses_left=uses_left-? WHERE reference=?", uses, reference)

    def note(self, entry: AuditEntry) -> None:
        """Add to the audit trail."""
        self._run(
            "INSERT INTO audit VALUES (?,?,?,?,?)",
            entry.at.timestamp(),
            entry.transaction_id,
            entry.message,
            entry.requester,
            entry.answer,
        )

    def audit(self) -> list[AuditEntry]:
        """Return the audit trail, oldest first."""
        rows = self._run("SELECT * FROM audit ORDER BY rowid").fetchall()
        return [AuditEntry(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in rows]

    def _records(self, where: str, *values: object) -> list[Record]:
        rows = self._run(
            f"SELECT {_RECORD} FROM certificates WHERE {where}",  # noqa: S608  conditions written above, values bound
            *values,
        ).fetchall()
        return [
            Record(
                x509.load_der_x509_certificate(der),
                profile,
                CertificateState(state),
                datetime.fromtimestamp(since, UTC),
                None if replaces is None else int(replaces, 16),
                reference,
                None if reason is None else x509.ReasonFlags(reason),
            )
            for der, profile, state, since, replaces, reference, reason in rows
        ]

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)


def _text(serial: int) -> str:
    return f"{serial:x}"
