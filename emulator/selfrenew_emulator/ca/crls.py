# SPDX-License-Identifier: Apache-2.0
"""The CRLs of every issuer (RFC 5280, 5), signed when asked for and kept until they change.

Each is a full CRL of its issuer's certificates, signed by the issuer. The entries that one has in
common with the last are not made anew.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.clock import Clock

from .authority import Authority, digest_for
from .standing import Revocation, Standing
from .store import Store

VALIDITY = timedelta(hours=24)
_Entries = dict[tuple[int, Revocation], x509.RevokedCertificate]


@dataclass(frozen=True, slots=True)
class _Kept:
    der: bytes
    changes: tuple[int, int]
    this_update: datetime
    next_update: datetime
    entries: _Entries


class RevocationLists:
    """Makes and keeps them, by the issuers' names."""

    def __init__(
        self, authority: Authority, standing: Standing, store: Store, clock: Clock
    ) -> None:
        self._issuers = authority.publishing
        self._standing = standing
        self._store = store
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def current(self, issuer: str) -> bytes:
        """Give an issuer's CRL as DER. Raise KeyError for a name that no issuer has."""
        with self._lock:
            now = self._clock().replace(microsecond=0)
            kept = self._kept.get(issuer)
            changes = self._standing.changes
            if (
                kept is None
                or kept.changes != changes
                or not kept.this_update <= now < kept.next_update
            ):
                kept = self._make(issuer, now, changes, {} if kept is None else kept.entries)
                self._kept[issuer] = kept
            return kept.der

    def _make(
        self, issuer: str, now: datetime, changes: tuple[int, int], before: _Entries
    ) -> _Kept:
        signer = self._issuers[issuer]
        entries = {
            found: before.get(found) or _entry(*found) for found in self._standing.revoked(issuer)
        }
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
        # All entries at once: to add them one by one copies the list each time.
        builder = x509.CertificateRevocationListBuilder(
            signer.certificate.subject, revoked_certificates=list(entries.values())
        )
        crl = (
            builder.last_update(now)
            .next_update(now + VALIDITY)
            .add_extension(authority_key, critical=False)
            .add_extension(x509.CRLNumber(self._store.next_crl_number(issuer)), critical=False)
            .sign(signer.key, digest_for(signer.key))
        )
        return _Kept(crl.public_bytes(Encoding.DER), changes, now, now + VALIDITY, entries)


def _entry(serial: int, revocation: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.since)
    )
    # An unspecified reason should not be there (RFC 5280, 5.3.1).
    if revocation.reason is not None:
        builder = builder.add_extension(x509.CRLReason(revocation.reason), critical=False)
    return builder.build()
