# SPDX-License-Identifier: Apache-2.0
"""The standing of certificates: issued, confirmed, superseded, withdrawn, revoked.

- A certificate is pending until it is confirmed; one not confirmed in time is withdrawn.
- Asking again, the same requester for the same with the same kind of message, gets the same pending
  certificate, so a lost answer costs nothing. Anything else for the same key is refused, but for
  EST's renewal of the certificate that the key has (RFC 7030, 4.2.2), which CMP does not know.
- In a profile with one certificate per holder, asking for another key withdraws the pending one,
  and confirming the new certificate supersedes the old: never two live ones.
- `kur` supersedes the certificate it updates.
- What its enrolment had put into a certificate is in the one that replaces it too.
- A withdrawn certificate gives its enrolment the use back.
"""

import hashlib
from datetime import datetime

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.cmp.names import same_name
from selfrenew.cmp.structures import FailureInfo
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.faults import conduct

from .authority import Authority, enrolled_extensions
from .errors import RequestRefusedError
from .policy import chosen_usage, grant
from .profiles import PROFILES, Profile
from .records import Enrolment, Extensions, Record
from .requests import RequestedCertificate
from .store import Store
from .subjects import check_mail

EST = "EST"
"""How a request came that was none of CMP's."""
_LIVE = frozenset({CertificateState.VALID, CertificateState.PENDING})


class Enroller:
    """Issues certificates and keeps their standing.

    `issue`, `confirm` and `withdraw` are for the inside of a change of the store's, which takes all
    of it back where something is refused.
    """

    def __init__(self, authority: Authority, store: Store, clock: Clock) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock

    def issue(
        self,
        asked: RequestedCertificate,
        profile: Profile,
        by: Enrolment | Record,
        updates: Record | None = None,
        *,
        how: str,
    ) -> Record:
        """Issue a pending certificate; `how` names the kind of request.

        Raise RequestRefusedError.
        """
        now = self._clock().replace(microsecond=0)
        issuer = self._authority.issuers[profile.issuer].name_der
        if asked.issuer is not None and not same_name(asked.issuer, issuer):
            raise RequestRefusedError(
                FailureInfo.wrongAuthority,
                f"the profile {profile.name} is not of the issuer that the template names",
            )
        granted = grant(asked, profile, by, now, updates)
        last_end = self._authority.issuers[profile.issuer].last_end
        if last_end <= granted.not_before:
            raise RequestRefusedError(
                FailureInfo.systemUnavail,
                f"the issuer's certificate ends at {last_end.isoformat()}",
            )
        key_hash = asked.key_hash
        request = _identify(how, asked, profile, by)
        renewed = updates.certificate.serial_number if updates and how == EST else None
        again = self._same_request(key_hash, request, now, renewed)
        if again is not None:
            return again
        if profile.one_per_holder:
            self._withdraw_predecessor(granted.subject, profile)
        reference = None
        if isinstance(by, Enrolment):
            reference = by.reference
            self._count_use(by)
        certificate = self._authority.issue(
            profile,
            granted.subject,
            asked.public_key,
            granted.not_before,
            granted.not_after,
            extensions=(
                *self._extensions(profile, granted.subject, by, updates),
                *chosen_usage(asked, profile),
            ),
        )
        check_mail(certificate)
        certificate = conduct.get().certify(
            certificate, self._authority.issuers[profile.issuer].key
        )
        replaces = None if updates is None else updates.certificate.serial_number
        record = Record(
            certificate,
            profile.name,
            CertificateState.PENDING,
            now,
            replaces,
            reference,
            request=request,
        )
        self._store.add(record, key_hash)
        return record

    def _extensions(
        self,
        profile: Profile,
        subject: x509.Name,
        by: Enrolment | Record,
        updates: Record | None,
    ) -> Extensions:
        """Give what the enrolment names, or what the certificate to be replaced was given so."""
        if isinstance(by, Enrolment):
            return tuple(by.extensions.get(profile.name, ()))
        replaced = [] if updates is None else [updates]
        if not replaced and profile.one_per_holder:
            holder = subject.public_bytes()
            replaced = self._store.of_holder(holder, profile.name, CertificateState.VALID)
        return enrolled_extensions(replaced[-1].certificate) if replaced else ()

    def confirm(self, record: Record) -> None:
        """Make a pending certificate valid, and supersede what it replaces.

        Raise RequestRefusedError.
        """
        now = self._clock()
        if record.state is not CertificateState.PENDING:
            raise RequestRefusedError(
                FailureInfo.certRevoked,
                "it was withdrawn before it was confirmed",
            )
        old = [] if record.replaces is None else [record.replaces]
        if PROFILES[record.profile].one_per_holder:
            holder = record.certificate.subject.public_bytes()
            valid = self._store.of_holder(holder, record.profile, CertificateState.VALID)
            old.extend(other.certificate.serial_number for other in valid)
        for number in old:
            self._store.move(number, CertificateState.VALID, CertificateState.SUPERSEDED, now)
        serial = record.certificate.serial_number
        self._store.move(serial, CertificateState.PENDING, CertificateState.VALID, now)

    def withdraw(self, serial: int) -> None:
        """Revoke a certificate that was never confirmed; one that was stays as it is."""
        moved = self._store.move(
            serial, CertificateState.PENDING, CertificateState.REVOKED, self._clock()
        )
        record = self._store.find(serial) if moved else None
        if record is not None and record.reference is not None:
            self._store.count_use(record.reference, -1)

    def withdraw_overdue(self) -> None:
        """Withdraw what was not confirmed within confirmWaitTime (RFC 9810, 5.1.1.2)."""
        now = self._clock()
        if not self._store.has_overdue(now):
            return
        with self._store.change():
            for serial in self._store.end_overdue(now):
                self.withdraw(serial)

    def revoke(self, serial: int, reason: x509.ReasonFlags) -> bool:
        """Revoke a certificate that is valid or pending; tell whether it was."""
        now = self._clock()
        with self._store.change():
            return any(
                self._store.move(serial, state, CertificateState.REVOKED, now, reason)
                for state in _LIVE
            )

    def _same_request(
        self, key_hash: bytes, request: bytes, now: datetime, renewed: int | None
    ) -> Record | None:
        for record in self._store.of_key(key_hash):
            certificate = record.certificate
            if record.state not in _LIVE or certificate.not_valid_after_utc < now:
                continue
            if record.state is CertificateState.VALID and certificate.serial_number == renewed:
                continue
            if record.state is CertificateState.PENDING and record.request == request:
                # Whoever asks anew confirms in the new transaction.
                self._store.end_of(certificate.serial_number)
                return record
            raise RequestRefusedError(
                FailureInfo.duplicateCertReq, "this key already has a certificate: make a new key"
            )
        return None

    def _withdraw_predecessor(self, subject: x509.Name, profile: Profile) -> None:
        holder = subject.public_bytes()
        for record in self._store.of_holder(holder, profile.name, CertificateState.PENDING):
            self.withdraw(record.certificate.serial_number)

    def _count_use(self, enrolment: Enrolment) -> None:
        if enrolment.uses_left is None:
            return
        current = self._store.enrolment(enrolment.reference)
        if current is None or (current.uses_left is not None and current.uses_left < 1):
            raise RequestRefusedError(FailureInfo.notAuthorized, "this reference is used up")
        self._store.count_use(enrolment.reference, 1)


def _identify(
    how: str, asked: RequestedCertificate, profile: Profile, by: Enrolment | Record
) -> bytes:
    """Identify a request by all that decides on its certificate, and by who makes it."""
    who = f"{by.certificate.serial_number:x}" if isinstance(by, Record) else f"by {by.reference}"
    digest = hashlib.sha256(asked.written)
    digest.update(f"{how}\0{profile.name}\0{who}".encode())
    return digest.digest()
