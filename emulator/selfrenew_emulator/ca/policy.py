# SPDX-License-Identifier: Apache-2.0
"""The CA's policy: who may have which certificate, in one place.

- Under an enrolment's secret (`ir`, also `cr` and `p10cr`): the profiles and the subject it names,
  so many certificates as it has uses. Who is enrolled may ask for another validity, though never
  for a longer one; an end without a beginning gets the full term before it, so that a card can be
  made as if it were old.
- Under a certificate: the same subject and the full term from now. `cr` may be vouched for by any
  of the person's valid certificates, so that the authentication key can ask for the signing
  certificate and the reverse. `kur` only by the certificate that is updated (RFC 9483, 4.1.3).
- An empty subject asks for the requester's own. Only the profile `general` takes a subject of the
  requester's choice, and none that could be taken for a person's.
- Keys: RSA of 2048 bits or more, P-256, P-384. A key with a live certificate gets no other.

What follows from an issue for the certificates before it is in `enrolling`.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from selfrenew.cmp.structures import FailureInfo
from selfrenew.cmp.template import name_from_der

from .authority import is_person
from .errors import RequestRefusedError
from .profiles import GENERAL, PROFILES, Profile
from .records import Enrolment, Record
from .requests import RequestedCertificate

RSA_BITS = range(2048, 8193)
CURVES = (ec.SECP256R1, ec.SECP384R1)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a certificate is to say."""

    subject: x509.Name
    not_before: datetime
    not_after: datetime


def grant(
    asked: RequestedCertificate, profile: Profile, by: Enrolment | Record, now: datetime
) -> Grant:
    """Decide on a request. Raise RequestRefusedError."""
    _check_key(asked.public_key)
    _check_extensions(asked.extensions)
    if isinstance(by, Enrolment):
        return Grant(
            _enrolled_subject(asked, profile, by), *_enrolled_term(asked, profile, by, now)
        )
    return Grant(_certified_subject(asked, profile, by), now, now + profile.validity)


def choose_profile(
    by: Enrolment | Record, named: Profile | None, updates: Record | None
) -> Profile:
    """Take the profile of the path; without one, of the certificate or of the enrolment."""
    if updates is not None:
        own = PROFILES[updates.profile]
        if named not in {None, own}:
            raise RequestRefusedError(
                FailureInfo.notAuthorized, f"kur keeps the profile, which is {own.name}"
            )
        return own
    if named is not None:
        return named
    if isinstance(by, Record):
        return PROFILES[by.profile]
    return PROFILES[next(iter(by.profiles))] if len(by.profiles) == 1 else GENERAL


def _enrolled_subject(
    asked: RequestedCertificate, profile: Profile, enrolment: Enrolment
) -> x509.Name:
    if profile.name not in enrolment.profiles:
        raise RequestRefusedError(
            FailureInfo.notAuthorized,
            f"this reference is not enrolled for the profile {profile.name}",
        )
    if enrolment.subject is not None:
        subject = name_from_der(enrolment.subject)
        if asked.subject not in {subject, x509.Name([])}:
            raise RequestRefusedError(
                FailureInfo.badCertTemplate, "this reference is enrolled for another subject"
            )
        return subject
    if profile.people_only:
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this profile is for registered people only"
        )
    if is_person(asked.subject):
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "a person's name needs that person's own enrolment"
        )
    if not list(asked.subject):
        raise RequestRefusedError(FailureInfo.badCertTemplate, "the subject is empty")
    return asked.subject


def _enrolled_term(
    asked: RequestedCertificate, profile: Profile, enrolment: Enrolment, now: datetime
) -> tuple[datetime, datetime]:
    ends = [end for end in (asked.not_after, enrolment.not_after) if end is not None]
    end = min([*ends, now + profile.validity])
    begin = min(asked.not_before or end - profile.validity, now)
    return (begin if begin < end else end - profile.validity), end


def _certified_subject(asked: RequestedCertificate, profile: Profile, by: Record) -> x509.Name:
    own = by.certificate.subject
    if asked.subject not in {own, x509.Name([])}:
        updated = asked.old is not None
        if profile.people_only or updated or is_person(asked.subject):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "a certificate vouches for its own subject only"
            )
        return asked.subject
    if profile.people_only and not PROFILES[by.profile].people_only:
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this profile is for registered people only"
        )
    return own


def _check_key(key: CertificatePublicKeyTypes) -> None:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return
    raise RequestRefusedError(
        FailureInfo.badCertTemplate, "the key has to be RSA of 2048 bits or more, P-256 or P-384"
    )


def _check_extensions(extensions: x509.Extensions) -> None:
    for extension in extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            raise RequestRefusedError(
                FailureInfo.badCertTemplate, "no certificate for a CA is issued here"
            )
