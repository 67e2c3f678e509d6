# SPDX-License-Identifier: Apache-2.0
"""The CA's policy: who may have which certificate, in one place.

- Under an enrolment's secret (`ir`, also `cr` and `p10cr`): the profiles and the subject it names.
- Under a certificate: the same subject only. `cr` may be vouched for by any of the person's valid
  certificates, so that the authentication key can ask for the signing certificate and the reverse.
  `kur` only by the certificate that is updated (RFC 9483, 4.1.3).
- A profile with one certificate per holder: confirming the new one supersedes the old; asking again
  withdraws what was issued and never confirmed, so a lost answer leaves no second certificate.
- A key that has a live certificate gets no other (duplicateCertReq).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.clock import Clock
from selfrenew.cmp.structures import FailureInfo
from selfrenew.cmp.template import name_from_der
from selfrenew_emulator.certificate_status import CertificateState

from .authority import Authority, is_person
from .errors import RequestRefusedError
from .profiles import PROFILES, Profile
from .store import Enrolment, Record, Store

_RSA_BITS = range(2048, 8193)
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_LIVE = frozenset({CertificateState.VALID, CertificateState.PENDING})


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose proof of possession holds. An empty subject asks for the requester's own."""

    profile: Profile
    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    not_after: datetime | None = None
    extensions: x509.Extensions | None = None
    updates: Record | None = None


class Enroller:
    """Decides on requests and keeps the standing of certificates."""

    def __init__(self, authority: Authority, store: Store, clock: Clock) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock

    def issue(self, request: Request, by: Enrolment | x509.Certificate) -> x509.Certificate:
        """Issue a pending certificate. Raise RequestRefusedError."""
        now = self._clock().replace(microsecond=0)
        if isinstance(by, Enrolment):
            subject, not_after = self._by_enrolment(request, by, now)
        else:
            subject, not_after = self._by_certificate(request, by), None
        _check_key(request.public_key)
        _check_extensions(request.extensions)
        holder = subject.public_bytes()
        key_hash = hash_key(request.public_key)
        with self._store.change():
            again = self._same_request(key_hash, holder, request.profile)
            if again is not None:
                return again
            if request.profile.one_per_holder:
                self._withdraw_pending(holder, request.profile, now)
            end = now + request.profile.validity if not_after is None else not_after
            certificate = self._authority.issue(
                request.profile, subject, request.public_key, _start(now, end), end
            )
            updates = request.updates
            self._store.add(
                certificate,
                profile=request.profile.name,
                key_hash=key_hash,
                now=now,
                replaces=None if updates is None else updates.certificate.serial_number,
            )
            if isinstance(by, Enrolment) and by.uses_left is not None:
                self._store.use_enrolment(by.reference)
        return certificate

    def confirm(self, serial: int) -> None:
        """Make a pending certificate valid, and supersede what it replaces."""
        now = self._clock()
        with self._store.change():
            record = self._pending(serial)
            old = []
            if record.replaces is not None:
                old.append(record.replaces)
            if _one_per_holder(record):
                holder = record.certificate.subject.public_bytes()
                valid = self._store.of_holder(holder, record.profile, CertificateState.VALID)
                old.extend(other.certificate.serial_number for other in valid)
            for number in old:
                self._store.set_state(number, CertificateState.SUPERSEDED, now)
            self._store.set_state(serial, CertificateState.VALID, now)

    def withdraw(self, serial: int) -> None:
        """Revoke a certificate its requester rejected, or never confirmed."""
        self._store.set_state(serial, CertificateState.REVOKED, self._clock())

    def _by_enrolment(
        self, request: Request, enrolment: Enrolment, now: datetime
    ) -> tuple[x509.Name, datetime | None]:
        if request.profile.name not in enrolment.profiles:
            raise RequestRefusedError(
                FailureInfo.notAuthorized,
                f"this reference is not enrolled for the profile {request.profile.name}",
            )
        if enrolment.uses_left is not None and enrolment.uses_left < 1:
            raise RequestRefusedError(FailureInfo.notAuthorized, "this reference is used up")
        subject = request.subject
        if enrolment.subject is not None:
            if list(subject) and subject.public_bytes() != enrolment.subject:
                raise RequestRefusedError(
                    FailureInfo.badCertTemplate, "this reference is enrolled for another subject"
                )
            subject = name_from_der(enrolment.subject)
        elif request.profile.people_only:
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "this profile is for registered people only"
            )
        elif is_person(subject):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "a person's name needs that person's own enrolment"
            )
        if not list(subject):
            raise RequestRefusedError(FailureInfo.badCertTemplate, "the subject is empty")
        # Who is enrolled may ask for a shorter life, never for a longer one.
        ends = [end for end in (request.not_after, enrolment.not_after) if end is not None]
        longest = now + request.profile.validity
        return subject, min([*ends, longest]) if ends else None

    def _by_certificate(self, request: Request, certificate: x509.Certificate) -> x509.Name:
        own = certificate.subject
        if list(request.subject) and request.subject.public_bytes() != own.public_bytes():
            chosen = not (request.profile.people_only or is_person(request.subject))
            if not chosen or request.updates is not None:
                raise RequestRefusedError(
                    FailureInfo.notAuthorized, "a certificate vouches for its own subject only"
                )
            return request.subject
        record = self._store.find(certificate.serial_number)
        if request.profile.people_only and (record is None or record.profile == "general"):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "this profile is for registered people only"
            )
        return own

    def _same_request(
        self, key_hash: bytes, holder: bytes, profile: Profile
    ) -> x509.Certificate | None:
        for record in self._store.of_key(key_hash):
            if record.state not in _LIVE:
                continue
            same = record.certificate.subject.public_bytes() == holder
            if record.state is CertificateState.PENDING and same and record.profile == profile.name:
                return record.certificate
            raise RequestRefusedError(
                FailureInfo.duplicateCertReq, "this key already has a certificate: make a new key"
            )
        return None

    def _withdraw_pending(self, holder: bytes, profile: Profile, now: datetime) -> None:
        for record in self._store.of_holder(holder, profile.name, CertificateState.PENDING):
            serial = record.certificate.serial_number
            self._store.set_state(serial, CertificateState.REVOKED, now)

    def _pending(self, serial: int) -> Record:
        record = self._store.find(serial)
        if record is None or record.state is not CertificateState.PENDING:
            raise RequestRefusedError(
                FailureInfo.certRevoked, "this certificate was withdrawn before it was confirmed"
            )
        return record


def hash_key(public_key: CertificatePublicKeyTypes) -> bytes:
    """Identify a public key by the hash of its SubjectPublicKeyInfo."""
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).digest()


def _one_per_holder(record: Record) -> bool:
    return PROFILES[record.profile].one_per_holder


def _start(now: datetime, end: datetime) -> datetime:
    """Begin now, or, for a card made as if it were old, so early that it begins before it ends."""
    return min(now, end - timedelta(days=1))


def _check_key(key: CertificatePublicKeyTypes) -> None:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return
    raise RequestRefusedError(
        FailureInfo.badCertTemplate, "the key has to be RSA of 2048 bits or more, P-256 or P-384"
    )


def _check_extensions(extensions: x509.Extensions | None) -> None:
    for extension in extensions or ():
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            raise RequestRefusedError(
                FailureInfo.badCertTemplate, "no certificate for a CA is issued here"
            )
