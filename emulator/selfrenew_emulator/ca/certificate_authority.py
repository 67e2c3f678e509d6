# SPDX-License-Identifier: Apache-2.0
"""The CA as its owner holds it: keys, database and the application that serves it."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from cryptography import x509

from selfrenew.clock import Clock, system_clock
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState, CertificateStatus
from selfrenew_emulator.randomness import Randomness, system_randomness

from .app import CaApplication, create_app
from .authority import OWN_EXTENSIONS, Authority, Identity, KeyMaker, p256_key
from .crls import RevocationLists
from .delaying import Delay
from .enrolling import Enroller
from .errors import UnknownCertificateError, UnknownEnrolmentError
from .est import EstFront
from .est_app import est_routes
from .informing import PublishedCrls
from .ocsp_responder import OcspResponder
from .profiles import GENERAL, PROFILES, IssuerName
from .publication import Publication
from .records import AuditEntry, Enrolment, Record, Transaction
from .requests import RequestedCertificate
from .responder import Responder
from .root_update import RootUpdate
from .standing import Standing
from .status_app import ocsp_routes, publication_routes
from .store import Store
from .variety import Variety

_KEYS, _DATABASE = "keys", "ca.sqlite"
_ADDRESS = "published at"


class CertificateAuthority:
    """A test CA: a root, two issuers, CMP. Never one to trust outside a test.

    Kept in memory unless made with `open`. Where `published_at` is an address that `app` is reached
    at, certificates name OCSP and CRLs there. `variety` chooses what clients must not rely on.
    """

    def __init__(
        self,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
        *,
        authority: Authority | None = None,
        database: Path | None = None,
        make_key: KeyMaker = p256_key,
        keys: Path | None = None,
        published_at: str | None = None,
        variety: Variety | None = None,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self.authority = authority or Authority.create(
            clock(), randomness, make_key, _publication(published_at), variety
        )
        self._store = Store(database)
        self._enroller = Enroller(self.authority, self._store, clock)
        self._make_key = make_key
        self._keys = keys
        self._root_update: RootUpdate | None = None
        self._root_state: tuple[int, ...] | None = None
        self._standing = standing = Standing(self.authority, self._store)
        self._lists = RevocationLists(self.authority, standing, self._store, clock)
        self._responder = Responder(
            self.authority,
            self._store,
            clock,
            randomness,
            crls=PublishedCrls(self._lists.current, self._crl_address),
            root_update=lambda: self.root_update,
        )
        est = EstFront(self.authority, self._store, clock, lambda: self.root_update)
        beside = [
            *est_routes(est),
            *ocsp_routes(OcspResponder(self.authority, standing, clock)),
            *publication_routes(self.authority, self._lists),
        ]
        self.app: CaApplication = create_app(
            self._responder, beside, variety=self.authority.variety
        )

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
        *,
        make_key: KeyMaker = p256_key,
        published_at: str | None = None,
        variety: Variety | None = None,
    ) -> "CertificateAuthority":
        """Open a CA kept in a folder; make it where there is none.

        `published_at` None is where it was published last.
        """
        keys, publication = folder / _KEYS, _publication(published_at)
        if keys.is_dir():
            authority = Authority.load(keys, randomness, publication, variety)
        else:
            authority = Authority.create(clock(), randomness, make_key, publication, variety)
            authority.save(keys)
        ca = cls(
            clock,
            randomness,
            authority=authority,
            database=folder / _DATABASE,
            make_key=make_key,
            keys=keys,
        )
        ca._remember_address(published_at)
        return ca

    def _remember_address(self, published_at: str | None) -> None:
        if published_at is None:
            self.authority.publication = _publication(self._store.setting(_ADDRESS))
        else:
            self._store.set(_ADDRESS, published_at)

    def _crl_address(self, issuer: str) -> str | None:
        # It may be remembered only after the CA was made.
        publication = self.authority.publication
        return None if publication is None else publication.crl(issuer)

    def now(self) -> datetime:
        """Tell the time that it goes by."""
        return self._clock()

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

    @property
    def root_update(self) -> RootUpdate | None:
        """The next root and its link certificates, where they were announced.

        By another program too, which works on the same folder. Raise DamagedStateError.
        """
        if self._keys is not None:
            state = RootUpdate.state_of(self._keys)
            if state != self._root_state:
                self._root_update, self._root_state = RootUpdate.load(self._keys), state
        return self._root_update

    def update_root(self) -> RootUpdate:
        """Announce a new root, which genm tells of; the present one goes on issuing."""
        update = RootUpdate.make(
            self.authority.root, self._clock(), self._randomness, self._make_key
        )
        self.vouch_for(update.new_with_old)
        if self._keys is not None:
            update.save(self._keys)
        self._root_update = update
        return update

    def vouch_for(self, certificate: x509.Certificate) -> None:
        """Tell from now on that a certificate counts which was made with one of the CA's keys."""
        self._standing.vouch_for(certificate)

    def delay(self, delay: Delay | None) -> None:
        """Hold requests from now on, or no more; those that are held stay so until they are due."""
        self._responder.delaying.delay = delay

    def enrol(
        self,
        reference: str | None = None,
        *,
        secret: Secret | None = None,
        subject: x509.Name | None = None,
        profiles: Iterable[str] = (GENERAL.name,),
        uses: int | None = 1,
        not_after: datetime | None = None,
        extensions: Mapping[str, Iterable[x509.Extension[x509.ExtensionType]]] | None = None,
    ) -> Enrolment:
        """Let somebody ask for a first certificate under a shared secret.

        `subject` None takes the requested one (profile general only); `uses` None is unlimited;
        `not_after` ends the certificate early; `extensions` by profile are in its certificates and
        in those that replace them. Raise KeyError for an unknown profile, ValueError for an
        extension that is the CA's own.
        """
        names = frozenset(PROFILES[name].name for name in profiles)
        added = {PROFILES[name].name: tuple(each) for name, each in (extensions or {}).items()}
        if any(each.oid in OWN_EXTENSIONS for those in added.values() for each in those):
            raise ValueError("an enrolment names no extension that the CA decides on")
        enrolment = Enrolment(
            reference or self._randomness(8).hex(),
            secret or Secret(self._randomness(16).hex()),
            None if subject is None else subject.public_bytes(),
            names,
            uses,
            not_after,
            added,
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

    def issue(
        self,
        request: RequestedCertificate,
        profile: str = GENERAL.name,
        *,
        by: str = "the CA's owner",
    ) -> x509.Certificate:
        """Issue a certificate that counts at once, to whom its owner trusts to be the subject.

        Policy decides on the rest as under an enrolment. Raise KeyError for an unknown profile,
        RequestRefusedError.
        """
        chosen = PROFILES[profile]
        subject = request.subject.public_bytes() if list(request.subject) else None
        allowed = frozenset({chosen.name})
        office = Enrolment(by, Secret(b""), subject, allowed, uses_left=None, not_after=None)
        with self._store.change():
            record = self._enroller.issue(request, chosen, office, how="by hand")
            self._enroller.confirm(record)
            certificate = record.certificate
            told = f"issued {certificate.serial_number:x} under the profile {chosen.name}"
            self._store.note(AuditEntry(self._clock(), b"", "issue", by, told))
        return certificate

    def revoke_serial(
        self, serial: int, reason: x509.ReasonFlags, *, by: str = "the CA's owner"
    ) -> bool:
        """Revoke by serial number, as `revoke` does. Raise UnknownCertificateError."""
        record = self._store.find(serial)
        if record is None:
            raise UnknownCertificateError(
                f"Revoking {serial:x} failed: this CA issued no certificate with that number. "
                "List them: selfrenew-emulator ca show"
            )
        with self._store.change():
            revoked = self._enroller.revoke(serial, reason)
            told = f"revoked {serial:x}" if revoked else f"{serial:x} did not count any more"
            self._store.note(AuditEntry(self._clock(), b"", "revoke", by, told))
        return revoked

    def record_of(self, serial: int) -> Record:
        """Find a certificate by its serial number. Raise UnknownCertificateError."""
        record = self._store.find(serial)
        if record is None:
            raise UnknownCertificateError(f"This CA issued no certificate {serial:x}.")
        return record

    def certificates(self) -> list[Record]:
        """List all certificates ever issued to others, in the order of their issue."""
        return self._store.all()

    def transactions(self) -> list[tuple[bytes, Transaction]]:
        """List all CMP transactions by their IDs."""
        return self._store.transactions()

    def answer(self, raw: bytes) -> bytes:
        """Answer a CMP message without HTTP."""
        return self._responder.answer(raw, None)[0]

    def crl(self, issuer: IssuerName) -> x509.CertificateRevocationList:
        """Give an issuer's current CRL."""
        return x509.load_der_x509_crl(self._lists.current(issuer.value))

    def crls(self) -> dict[str, x509.CertificateRevocationList]:
        """Give the current CRLs of all who issue, the root's too, by their names."""
        return {
            name: x509.load_der_x509_crl(self._lists.current(name))
            for name in self.authority.publishing
        }

    def audit(self) -> list[AuditEntry]:
        """List every CMP message that was answered, oldest first."""
        return self._store.audit()

    def certificates_of(self, subject: x509.Name) -> list[Record]:
        """List all certificates ever issued to a subject, in the order of their issue."""
        return self._store.of_holder(subject.public_bytes())

    def rehearsal(self) -> AbstractContextManager[None]:
        """Forget at the end what happened inside, for who tries again from the same beginnings."""
        return self._store.rehearsal()

    def close(self) -> None:
        """Close the database."""
        self._store.close()


def _publication(address: str | None) -> Publication | None:
    return None if address is None else Publication(address)
