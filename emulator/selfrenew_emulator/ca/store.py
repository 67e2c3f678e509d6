# SPDX-License-Identifier: Apache-2.0
"""What the CA remembers, in sqlite: certificates, transactions, enrolments and an audit trail."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509

from selfrenew.cmp.message import certificate_der
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.database import Database

from .errors import DamagedStateError
from .records import AuditEntry, Enrolment, Extensions, Held, Record, Transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS certificates (
  serial TEXT PRIMARY KEY, subject BLOB NOT NULL, profile TEXT NOT NULL, key_hash BLOB NOT NULL,
  der BLOB NOT NULL, state TEXT NOT NULL, since REAL NOT NULL, replaces TEXT, reference TEXT,
  reason TEXT, request BLOB
);
CREATE INDEX IF NOT EXISTS by_holder ON certificates (subject, profile);
CREATE INDEX IF NOT EXISTS by_key ON certificates (key_hash);
CREATE INDEX IF NOT EXISTS withdrawn ON certificates (profile, serial, state, since, reason)
  WHERE state IN ('revoked', 'superseded');
CREATE TABLE IF NOT EXISTS own (
  issuer BLOB NOT NULL, serial TEXT NOT NULL, PRIMARY KEY (issuer, serial)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS crls (issuer TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
  id BLOB PRIMARY KEY, requester BLOB NOT NULL, open INTEGER NOT NULL DEFAULT 0, serial TEXT,
  nonce BLOB, confirm_until REAL, cert_req_id INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_until ON transactions (confirm_until) WHERE open = 1;
CREATE INDEX IF NOT EXISTS open_for ON transactions (serial) WHERE open = 1;
CREATE TABLE IF NOT EXISTS held (
  id BLOB PRIMARY KEY, request BLOB NOT NULL, profile TEXT, due REAL NOT NULL,
  check_after INTEGER NOT NULL, cert_req_id INTEGER NOT NULL, nonce BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS enrolments (
  reference TEXT PRIMARY KEY, secret BLOB NOT NULL, subject BLOB, profiles TEXT NOT NULL,
  uses_left INTEGER, not_after REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS enrolled_extensions (
  reference TEXT NOT NULL, profile TEXT NOT NULL, oid TEXT NOT NULL, critical INTEGER NOT NULL,
  value BLOB NOT NULL, PRIMARY KEY (reference, profile, oid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
  at REAL NOT NULL, transaction_id BLOB NOT NULL, message TEXT NOT NULL, requester TEXT NOT NULL,
  answer TEXT NOT NULL
);
"""
_ADDED = {"certificates": "request BLOB", "transactions": "cert_req_id INTEGER"}
"""What states of before lack; it is the last of its table."""
_LOOK_AGAIN_SECONDS = 10.0
_TRANSACTION = "transactions.serial, nonce, open, requester, confirm_until, cert_req_id"
_RECORD = "der, profile, state, since, replaces, reference, reason, request"


class Store:
    """The database; safe for the event loop's thread and the owner's. `path` None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._moves = 0
        self._due = 0.0
        """Before then nothing that is open has to be confirmed, as far as is known."""
        try:
            if path is not None:
                # Before sqlite makes it, so that nobody else can read it even for a moment.
                path.touch(mode=0o600)
            self._db = Database(path)
            if path is not None:
                self._db.run("PRAGMA journal_mode=WAL")
                # A killed process loses nothing so; only a machine without power may.
                self._db.run("PRAGMA synchronous=NORMAL")
            self._db.run_all(_SCHEMA)
            for table, column in _ADDED.items():
                columns = self._db.run("SELECT name FROM pragma_table_info(?)", table).rows
                if (column.split()[0],) not in columns:
                    self._db.run(f"ALTER TABLE {table} ADD COLUMN {column}")
        except (OSError, sqlite3.Error) as error:
            raise DamagedStateError(path or Path(":memory:"), str(error)) from error

    @property
    def changes(self) -> tuple[int, int]:
        """Tell whether standings may have changed since, here or by another program."""
        row = self._db.run("PRAGMA data_version").first
        return self._moves, int(row[0])

    def setting(self, name: str) -> str | None:
        """Give what was remembered under a name."""
        row = self._db.run("SELECT value FROM settings WHERE name=?", name).first
        return None if row is None else str(row[0])

    def set(self, name: str, value: str) -> None:
        """Remember something under a name."""
        self._db.run("INSERT OR REPLACE INTO settings VALUES (?,?)", name, value)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make the changes inside count together, or not at all; may be nested."""
        with self._db.lock:
            nested = self._db.in_transaction
            self._db.run("SAVEPOINT change" if nested else "BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.run("ROLLBACK TO change" if nested else "ROLLBACK")
                self._due = 0.0
                raise
            finally:
                if nested:
                    self._db.run("RELEASE change")
            if not nested:
                self._db.run("COMMIT")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Take back at the end all that was changed inside, by whichever thread."""
        self._db.run("BEGIN")
        try:
            yield
        finally:
            self._db.run("ROLLBACK")
            self._due = 0.0

    def add(self, record: Record, key_hash: bytes) -> None:
        """Remember a certificate."""
        certificate = record.certificate
        self._db.run(
            "INSERT INTO certificates VALUES (?,?,?,?,?,?,?,?,?,NULL,?)",
            _text(certificate.serial_number),
            certificate.subject.public_bytes(),
            record.profile,
            key_hash,
            certificate_der(certificate),
            record.state.value,
            record.since.timestamp(),
            None if record.replaces is None else _text(record.replaces),
            record.reference,
            record.request,
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
        done = self._db.run(
            "UPDATE certificates SET state=?, since=?, reason=? WHERE serial=? AND state=?",
            after.value,
            now.timestamp(),
            None if reason is None else reason.value,
            _text(serial),
            before.value,
        )
        self._moves += done.changed
        return done.changed == 1

    def withdrawn(
        self, profiles: Iterable[str]
    ) -> list[tuple[int, CertificateState, datetime, x509.ReasonFlags | None]]:
        """Tell what of some profiles is revoked or superseded, since when and why."""
        names = tuple(profiles)
        rows = self._db.run(
            "SELECT serial, state, since, reason FROM certificates "  # noqa: S608  only marks are put in
            "WHERE state IN ('revoked', 'superseded') "
            f"AND profile IN ({', '.join('?' * len(names))})",
            *names,
        ).rows
        return [
            (
                int(serial, 16),
                CertificateState(state),
                datetime.fromtimestamp(since, UTC),
                None if reason is None else x509.ReasonFlags(reason),
            )
            for serial, state, since, reason in rows
        ]

    def add_own(self, issuer: bytes, serial: int) -> None:
        """Remember that an issuer, named in DER, made a certificate which no request led to."""
        self._db.run("INSERT OR IGNORE INTO own VALUES (?,?)", issuer, _text(serial))

    def is_own(self, issuer: bytes, serial: int) -> bool:
        """Tell whether an issuer made such a certificate."""
        rows = self._db.run("SELECT 1 FROM own WHERE issuer=? AND serial=?", issuer, _text(serial))
        return rows.first is not None

    def next_crl_number(self, issuer: str) -> int:
        """Count an issuer's CRLs."""
        row = self._db.run(
            "INSERT INTO crls VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1 "
            "RETURNING number",
            issuer,
        ).first
        return int(row[0])

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

    def all(self) -> list[Record]:
        """List all certificates in the order of their issue."""
        return self._records("1 ORDER BY rowid")

    def of_key(self, key_hash: bytes) -> list[Record]:
        """Find the certificates of a public key."""
        return self._records("key_hash=?", key_hash)

    def begin(self, transaction_id: bytes, requester: bytes) -> bool:
        """Take a transactionID; False where it was used before, ever."""
        done = self._db.run(
            "INSERT OR IGNORE INTO transactions (id, requester) VALUES (?,?)",
            transaction_id,
            requester,
        )
        return done.changed == 1

    def await_confirmation(
        self,
        transaction_id: bytes,
        serial: int,
        nonce: bytes,
        until: datetime,
        cert_req_id: int,
    ) -> None:
        """Open a transaction for its certConf, in which the certificate has that certReqId."""
        self._db.run(
            "UPDATE transactions SET open=1, serial=?, nonce=?, confirm_until=?, cert_req_id=? "
            "WHERE id=?",
            _text(serial),
            nonce,
            until.timestamp(),
            cert_req_id,
            transaction_id,
        )
        self._due = min(self._due, until.timestamp())

    def end(self, transaction_id: bytes, serial: int) -> None:
        """Close a transaction; its ID stays taken."""
        self._db.run(
            "UPDATE transactions SET open=0, serial=? WHERE id=?", _text(serial), transaction_id
        )

    def end_of(self, serial: int) -> None:
        """Close the transaction that is open for a certificate."""
        self._db.run("UPDATE transactions SET open=0 WHERE serial=? AND open=1", _text(serial))

    def has_overdue(self, now: datetime) -> bool:
        """Tell whether something was not confirmed in time.

        Asked before every message, so the database is not unless something may be due. What other
        programs open is seen some seconds late.
        """
        late = now.timestamp()
        if late < self._due:
            return False
        first = self._db.run("SELECT min(confirm_until) FROM transactions WHERE open=1").first[0]
        if first is not None and first < late:
            return True
        again = late + _LOOK_AGAIN_SECONDS
        self._due = again if first is None else min(first, again)
        return False

    def end_overdue(self, now: datetime) -> list[int]:
        """Close what was not confirmed in time; return the serial numbers."""
        late = now.timestamp()
        rows = self._db.run(
            "SELECT serial FROM transactions WHERE open=1 AND confirm_until<?", late
        ).rows
        if rows:
            self._db.run("UPDATE transactions SET open=0 WHERE open=1 AND confirm_until<?", late)
        return [int(serial, 16) for (serial,) in rows]

    def transaction(self, transaction_id: bytes) -> tuple[Transaction, Record | None] | None:
        """Find a transaction, and the certificate that it led to."""
        row = self._db.run(
            f"SELECT {_TRANSACTION}, {_RECORD} FROM transactions "  # noqa: S608  columns written above
            "LEFT JOIN certificates USING (serial) WHERE id=?",
            transaction_id,
        ).first
        if row is None:
            return None
        own, certificate = row[:6], row[6:]
        return _transaction(own), None if certificate[0] is None else _record(certificate)

    def transactions(self) -> list[tuple[bytes, Transaction]]:
        """List all transactions by their IDs."""
        rows = self._db.run(f"SELECT id, {_TRANSACTION} FROM transactions").rows  # noqa: S608  columns written above
        return [(row[0], _transaction(row[1:])) for row in rows]

    def hold(self, transaction_id: bytes, held: Held) -> None:
        """Keep a request that is answered later."""
        self._db.run(
            "INSERT INTO held VALUES (?,?,?,?,?,?,?)",
            transaction_id,
            held.request,
            held.profile,
            held.due.timestamp(),
            held.check_after_seconds,
            held.cert_req_id,
            held.nonce,
        )

    def held(self, transaction_id: bytes) -> Held | None:
        """Find a request that is answered later."""
        row = self._db.run("SELECT * FROM held WHERE id=?", transaction_id).first
        if row is None:
            return None
        return Held(row[1], row[2], datetime.fromtimestamp(row[3], UTC), *row[4:])

    def expect_poll(self, transaction_id: bytes, nonce: bytes) -> None:
        """Change the nonce that the next pollReq repeats."""
        self._db.run("UPDATE held SET nonce=? WHERE id=?", nonce, transaction_id)

    def release(self, transaction_id: bytes) -> bool:
        """Keep a request no longer; tell whether it was kept."""
        return self._db.run("DELETE FROM held WHERE id=?", transaction_id).changed == 1

    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Remember an enrolment, in place of one with the same reference."""
        end = enrolment.not_after
        with self.change():
            self._db.run(
                "INSERT OR REPLACE INTO enrolments VALUES (?,?,?,?,?,?)",
                enrolment.reference,
                enrolment.secret.reveal(),
                enrolment.subject,
                " ".join(sorted(enrolment.profiles)),
                enrolment.uses_left,
                None if end is None else end.timestamp(),
            )
            self._db.run("DELETE FROM enrolled_extensions WHERE reference=?", enrolment.reference)
            for profile, extensions in enrolment.extensions.items():
                for extension in extensions:
                    self._db.run(
                        "INSERT INTO enrolled_extensions VALUES (?,?,?,?,?)",
                        enrolment.reference,
                        profile,
                        extension.oid.dotted_string,
                        extension.critical,
                        extension.value.public_bytes(),
                    )

    def enrolment(self, reference: str) -> Enrolment | None:
        """Find an enrolment."""
        rows = self._db.run(
            "SELECT secret, subject, profiles, uses_left, not_after, profile, oid, critical, value "
            "FROM enrolments LEFT JOIN enrolled_extensions USING (reference) WHERE reference=?",
            reference,
        ).rows
        if not rows:
            return None
        secret, subject, profiles, uses_left, not_after = rows[0][:5]
        return Enrolment(
            reference,
            Secret(secret),
            subject,
            frozenset(profiles.split()),
            uses_left,
            None if not_after is None else datetime.fromtimestamp(not_after, UTC),
            _extensions(row[5:] for row in rows if row[5] is not None),
        )

    def count_use(self, reference: str, uses: int) -> None:
        """Count uses of an enrolment; negative ones are given back."""
        self._db.run(
            "UPDATE enrolments SET uses_left=uses_left-? WHERE reference=?", uses, reference
        )

    def note(self, entry: AuditEntry) -> None:
        """Add to the audit trail."""
        self._db.run(
            "INSERT INTO audit VALUES (?,?,?,?,?)",
            entry.at.timestamp(),
            entry.transaction_id,
            entry.message,
            entry.requester,
            entry.answer,
        )

    def audit(self) -> list[AuditEntry]:
        """Return the audit trail, oldest first."""
        rows = self._db.run("SELECT * FROM audit ORDER BY rowid").rows
        return [AuditEntry(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in rows]

    def _records(self, where: str, *values: object) -> list[Record]:
        rows = self._db.run(
            f"SELECT {_RECORD} FROM certificates WHERE {where}",  # noqa: S608  conditions written above, values bound
            *values,
        ).rows
        return [_record(row) for row in rows]


def _record(row: Sequence[Any]) -> Record:
    der, profile, state, since, replaces, reference, reason, request = row
    return Record(
        _certificate(der),
        profile,
        CertificateState(state),
        datetime.fromtimestamp(since, UTC),
        None if replaces is None else int(replaces, 16),
        reference,
        None if reason is None else x509.ReasonFlags(reason),
        request,
    )


def _transaction(row: Sequence[Any]) -> Transaction:
    serial, nonce, is_open, requester, until, cert_req_id = row
    return Transaction(
        None if serial is None else int(serial, 16),
        nonce or b"",
        bool(is_open),
        requester,
        None if until is None else datetime.fromtimestamp(until, UTC),
        cert_req_id or 0,
    )


def _extensions(rows: Iterable[tuple[str, str, int, bytes]]) -> dict[str, Extensions]:
    found: dict[str, Extensions] = {}
    for profile, dotted, critical, value in rows:
        oid = x509.ObjectIdentifier(dotted)
        content = x509.UnrecognizedExtension(oid, value)
        extension = x509.Extension[x509.ExtensionType](oid, bool(critical), content)
        found[profile] = (*found.get(profile, ()), extension)
    return found


# A transaction finds its certificates more than once, each time as other bytes.
@lru_cache(maxsize=256)
def _certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _text(serial: int) -> str:
    return f"{serial:x}"
