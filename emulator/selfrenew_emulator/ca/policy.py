# SPDX-License-Identifier: Apache-2.0
"""The CA's policy: who may have which certificate, in one place.

- Under an enrolment's secret (`ir`, also `cr` and `p10cr`): the profiles and the subject it names,
  so many certificates as it has uses. Who is enrolled may ask for another validity, though never
  for a longer one; an end without a beginning gets the full term before it, so that a card can be
  made as if it were old.
- Further extensions, as the names of a card, come from the enrolment and never from a request; a
  certificate that replaces another takes them over from it.
- In the profile `general` the key's usage is the requester's choice, as long as the key signs, for
  it protects messages, and is for nothing that is a CA's or that a key of its kind cannot do.
- Under a certificate: the same subject and the full term from now. `cr` may be vouched for by any
  of the person's valid certificates, so that the authentication key can ask for the signing
  certificate and the reverse. Not by one that the card office alone can ask for: those certify keys
  for other purposes. `kur` only by the certificate that is updated (RFC 9483, 4.1.3).
- An empty subject asks for the requester's own. Only the profile `general` takes a subject of the
  requester's choice, and none that could be taken for a person's.
- Nobody is certified in a name of the CA's own: whoever trusts the root would take its holder for
  the CA that signs messages, as who protects one is known by name.
- No subject is certified that RFC 5280 forbids, whoever asks: see `subjects`.
- A registration authority, which has its certificate under a secret and for no other use, asks in
  anybody's name but those of the profiles for enrolments only: for a first certificate, in place of
  an old one (`kur`), or to revoke one. It may vouch for the possession of the key (`raVerified`).
- A certificate is revoked by its own key, by any other valid certificate of the same person, or
  under the secret it was asked for with; for good, so that neither a hold is taken nor one lifted.
- Keys: RSA of 2048 bits or more, P-256, P-384; in the profile `general` Ed25519 and Ed448
  too. A key with a live certificate gets no other, but EST's in its place.

What follows from an issue for the certificates before it is in `enrolling`.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from selfrenew.cmp.structures import FailureInfo
from selfrenew.cmp.template import name_from_der

from .authority import is_authority, is_person
from .errors import RequestRefusedError
from .profiles import GENERAL, PROFILES, Profile
from .records import Enrolment, Extensions, Record
from .requests import RequestedCertificate

REVOCATION_REASONS = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.certificate_hold,
    x509.ReasonFlags.remove_from_crl,
}
CURVES = (ec.SECP256R1, ec.SECP384R1)
_EMPTY = x509.Name([])
_FIRST_YEAR = 1950
"""Of the first time that the library puts into a certificate: that of UTCTime (X.680, 47.3)."""
_TOO_EARLY = f"the validity begins before {_FIRST_YEAR}"
EDWARDS = (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a certificate is to say."""

    subject: x509.Name
    not_before: datetime
    not_after: datetime


def grant(
    asked: RequestedCertificate,
    profile: Profile,
    by: Enrolment | Record,
    now: datetime,
    updates: Record | None = None,
) -> Grant:
    """Decide on a request, with `updates` the certificate of a kur. Raise RequestRefusedError."""
    _check_key(asked.public_key, profile)
    _check_extensions(asked.extensions)
    if isinstance(by, Enrolment):
        subject = _enrolled_subject(asked, profile, by)
        begin, end = _enrolled_term(asked, profile, by, now)
    elif profile.office_only or profile.registers_others:
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this profile is for enrolments only, under their secret"
        )
    else:
        if registers_others(by):
            subject = _registered_subject(asked, updates)
        else:
            subject = _certified_subject(asked, profile, by, updates)
        begin, end = now, now + profile.validity
    if is_authority(subject):
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "the CA's own names are certified for nobody else"
        )
    return Grant(subject, begin, end)


def chosen_usage(asked: RequestedCertificate, profile: Profile) -> Extensions:
    """Give the usage of the key that a request may choose and has chosen."""
    chosen = [each.value for each in asked.extensions if each.oid == x509.KeyUsage.oid]
    if profile is not GENERAL or len(chosen) != 1 or not isinstance(chosen[0], x509.KeyUsage):
        return ()
    usage, key = chosen[0], asked.public_key
    if not usage.digital_signature or usage.key_cert_sign or usage.crl_sign:
        return ()
    transports = usage.key_encipherment or usage.data_encipherment
    if transports and not isinstance(key, rsa.RSAPublicKey):
        return ()
    if usage.key_agreement and not isinstance(key, ec.EllipticCurvePublicKey):
        return ()
    return (x509.Extension(usage.oid, critical=True, value=usage),)


def registers_others(by: Enrolment | Record) -> bool:
    """Tell whether somebody is a registration authority."""
    return isinstance(by, Record) and PROFILES[by.profile].registers_others


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
    if registers_others(by):
        return GENERAL
    if isinstance(by, Record):
        return PROFILES[by.profile]
    return PROFILES[next(iter(by.profiles))] if len(by.profiles) == 1 else GENERAL


def may_revoke(by: Enrolment | Record, record: Record) -> bool:
    """Decide who may have a certificate revoked."""
    if isinstance(by, Enrolment):
        return record.reference == by.reference
    if registers_others(by):
        return True
    if by.certificate == record.certificate:
        return True
    # A subject that the requester chose says nothing of who she is.
    proven = all(PROFILES[each.profile].enrolled_subject_only for each in (by, record))
    return proven and by.certificate.subject == record.certificate.subject


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
        if asked.subject not in (subject, _EMPTY):
            raise RequestRefusedError(
                FailureInfo.badCertTemplate, "this reference is enrolled for another subject"
            )
        return subject
    if profile.enrolled_subject_only:
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this profile is for enrolled subjects only"
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
    wanted = [each for each in (asked.not_before, asked.not_after) if each is not None]
    if len(wanted) > 1 and wanted[0] >= wanted[1]:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "the validity ends before it has begun"
        )
    if any(each.year < _FIRST_YEAR for each in wanted):
        raise RequestRefusedError(FailureInfo.badCertTemplate, _TOO_EARLY)
    ends = [end for end in (asked.not_after, enrolment.not_after) if end is not None]
    end = min([*ends, now + profile.validity])
    begin = min(asked.not_before or end - profile.validity, now)
    begin = begin if begin < end else end - profile.validity
    if begin.year < _FIRST_YEAR:
        raise RequestRefusedError(FailureInfo.badCertTemplate, _TOO_EARLY)
    return begin, end


def _certified_subject(
    asked: RequestedCertificate, profile: Profile, by: Record, updates: Record | None
) -> x509.Name:
    own = by.certificate.subject
    if asked.subject not in (own, _EMPTY):
        updated = updates is not None
        if profile.enrolled_subject_only or updated or is_person(asked.subject):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "a certificate vouches for its own subject only"
            )
        return asked.subject
    if profile.enrolled_subject_only and not PROFILES[by.profile].enrolled_subject_only:
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this profile is for enrolled subjects only"
        )
    return own


def _registered_subject(asked: RequestedCertificate, updates: Record | None) -> x509.Name:
    own = None if updates is None else updates.certificate.subject
    if own is not None and asked.subject in (own, _EMPTY):
        return own
    if own is not None or not list(asked.subject):
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "the subject is empty, or not the one of the old"
        )
    return asked.subject


def _check_key(key: CertificatePublicKeyTypes, profile: Profile) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        # How long it may be was looked at before it was used.
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return
    if isinstance(key, EDWARDS) and profile is GENERAL:
        return
    raise RequestRefusedError(FailureInfo.badCertTemplate, "the key has to be RSA, P-256 or P-384")


def _check_extensions(extensions: x509.Extensions) -> None:
    for extension in extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            raise RequestRefusedError(
                FailureInfo.badCertTemplate, "no certificate for a CA is issued here"
            )
