# SPDX-License-Identifier: Apache-2.0
"""What CRLs and OCSP say of a certificate's standing: one reading of it for both.

- A superseded certificate is revoked, with the reason superseded (RFC 5280, 5.3.1).
- One that was never confirmed in time is revoked without a reason.
- A pending one is on hold: revoked for a time, until it is confirmed (RFC 6960, 2.2). It is on no
  CRL, where it would stay on hold in every copy that somebody keeps, long after its confirmation.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from selfrenew_emulator.certificate_status import CertificateState

from .authority import Authority
from .profiles import PROFILES
from .store import Store


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when a certificate does not count, and why; `reason` None is unspecified."""

    since: datetime
    reason: x509.ReasonFlags | None


class UnknownSerialError(Exception):
    """The issuer has issued no certificate with that serial number."""


class Standing:
    """Tells it by issuer, under the names of `Authority.publishing`."""

    def __init__(self, authority: Authority, store: Store) -> None:
        self._store = store
        self._own = {
            (certificate.issuer.public_bytes(), certificate.serial_number)
            for certificate in authority.own_certificates
        }
        self._names = {
            name: each.certificate.subject.public_bytes()
            for name, each in authority.publishing.items()
        }
        self._profiles = {
            name: frozenset(
                profile.name for profile in PROFILES.values() if profile.issuer.value == name
            )
            for name in self._names
        }

    def vouch_for(self, certificate: x509.Certificate) -> None:
        """Let a certificate count that its issuer made of its own accord."""
        self._store.add_own(certificate.issuer.public_bytes(), certificate.serial_number)

    @property
    def changes(self) -> tuple[int, int]:
        """Tell two states of it apart."""
        return self._store.changes

    def of(self, issuer: str, serial: int) -> Revocation | None:
        """Tell what is against a certificate, None where nothing is. Raise UnknownSerialError."""
        record = self._store.find(serial)
        if record is None or record.profile not in self._profiles[issuer]:
            named = self._names[issuer], serial
            if named in self._own or self._store.is_own(*named):
                return None
            raise UnknownSerialError(f"{issuer} issued no certificate with the number {serial:x}")
        return _revocation(record.state, record.since, record.reason)

    def revoked(self, issuer: str) -> list[tuple[int, Revocation]]:
        """List an issuer's revoked certificates by serial number."""
        profiles = self._profiles[issuer]
        found = []
        for serial, state, since, reason in self._store.withdrawn(profiles) if profiles else ():
            revocation = _revocation(state, since, reason)
            if revocation is not None:
                found.append((serial, revocation))
        return found


def _revocation(
    state: CertificateState, since: datetime, reason: x509.ReasonFlags | None
) -> Revocation | None:
    match state:
        case CertificateState.REVOKED:
            stated = None if reason is x509.ReasonFlags.unspecified else reason
            return Revocation(since, stated)
        case CertificateState.SUPERSEDED:
            return Revocation(since, x509.ReasonFlags.superseded)
        case CertificateState.PENDING:
            return Revocation(since, x509.ReasonFlags.certificate_hold)
    return None
