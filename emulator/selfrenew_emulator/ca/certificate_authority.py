# SPDX-License-Identifier: Apache-2.0
"""The CA as its owner holds it: keys, database and the application that serves it."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from starlette.applications import Starlette

from selfrenew.clock import Clock, system_clock
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState, CertificateStatus
from selfrenew_emulator.randomness import Randomness, system_randomness

from .app import create_app
from .authority import Authority, Identity, KeyMaker, p256_key
from .enrolling import Enroller
from .errors import UnknownCertificateError, UnknownEnrolmentError
from .profiles import GENERAL, PROFILES, IssuerName
from .records import AuditEntry, Enrolment, Record
from .responder import Responder
from .store import Store

_KEYS, _DATABASE = "keys", "ca.sqlite"


class CertificateAuthority:
    """A test CA: a root, two issuers, CMP. Never one to trust outside a test.

    Kept in memory unless made with `open`.
    """

    def __init__(
        self,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
        *,
        authority: Authority | None = None,
        database: Path | None = None,
        make_key: KeyMaker = p256_key,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self.authority = authority or Authority.create(clock(), randomness, make_key)
        self._store = Store(database)
        self._enroller = Enroller(self.authority, self._store, clock)
        responder = Responder(self.authority, self._store, clock, randomness)
        self.app: Starlette = create_app(responder)

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
        *,
        make_key: KeyMaker = p256_key,
    ) -> "CertificateAuthority":
        """Open a CA kept in a folder; make it where there is none."""
        keys = folder / _KEYS
        if keys.is_dir():
            authority = Authority.load(keys, randomness)
        else:
            authority = Authority.create(clock(), randomness, make_key)
            authority.save(keys)
        return cls(clock, randomness, authority=authority, database=folder / _DATABASE)

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""
        return self.authority.root.certificate

    @property
    def issuers(self) -> dict[IssuerName, x509.Certificate]:
        """The two issuers' certificates."""
        return {name: identity.certificate for name, identity in self.authority.issuers.items()}

    @property
    def tls_issuer(self) -> Identity:
        """The issuer for the TLS names of a stage, under the same root."""
        return self.authority.services

    def enrol(
        self,
        reference: str | None = None,
        *,
        secret: Secret | None = None,
        subject: x509.Name | None = None,
        profiles: Iterable[str] = (GENERAL.name,),
        uses: int | None = 1,
        not_after: datetime | None = None,
    ) -> Enrolment:
        """Let somebody ask for a first certificate under a shared secret.

        `subject` None takes the requested one (profile general only); `uses` None is unlimited;
        `not_after` ends the certificate early. Raise KeyError for an unknown profile.
        """
        names = frozenset(PROFILES[name].name for name in profiles)
        enrolment = Enrolment(
            reference or self._randomness(8).hex(),
            secret or Secret(self._randomness(16).hex()),
            None if subject is None else subject.public_bytes(),
            names,
            uses,
            not_after,
        )
        self._store.add_enrolment(enrolment)
        return enrolment

    def enrolment(self, reference: str) -> Enrolment:
        """Find an enrolment. Raise UnknownEnrolmentError."""
        found = self._store.enrolment(reference)
        if found is None:
            raise UnknownEnrolmentError(f"There is no enrolment with the reference {reference}.")
        return found

    def status_of(self, certificate: x509.Certificate) -> CertificateStatus:
        """Tell the standing of a certificate; UNKNOWN for one of another CA."""
        record = self._store.find(certificate.serial_number)
        if record is None or record.certificate != certificate:
            return CertificateStatus(CertificateState.UNKNOWN)
        if record.state is CertificateState.VALID:
            return CertificateStatus(CertificateState.VALID)
        return CertificateStatus(record.state, record.since)

    def revoke(
        self,
        certificate: x509.Certificate,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
    ) -> bool:
        """Revoke a certificate; False where it no longer counted. Raise UnknownCertificateError."""
        if self.status_of(certificate).state is CertificateState.UNKNOWN:
            raise UnknownCertificateError(
                f"Revoking {certificate.serial_number:x} failed: it was not issued by this CA."
            )
        return self._enroller.revoke(certificate.serial_number, reason)

    def audit(self) -> list[AuditEntry]:
        """List every CMP message that was answered, oldest first."""
        return self._store.audit()

    def certificates_of(self, subject: x509.Name) -> list[Record]:
        """List all certificates ever issued to a subject, in the order of their issue."""
        return self._store.of_holder(subject.public_bytes())

    def close(self) -> None:
        """Close the database."""
        self._store.close()
