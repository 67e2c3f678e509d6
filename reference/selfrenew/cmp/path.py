# SPDX-License-Identifier: Apache-2.0
"""Certification paths, and whether an issued certificate is the one that was asked for.

RFC 5280, section 6 is the library's: signatures, names, validity, path length, name constraints,
and a bound on how many signatures a heap of cross certificates can make it check. What a CA's and
an end entity's certificate must hold is said here, since the library's own rules are the Web's.

Which algorithms it takes cannot be told it. An issuer, of whatever height, has RSA of 2048 bits or
more, P-256, P-384 or P-521, and signs with SHA-256, 384 or 512; RSASSA-PSS has the hash in its MGF1
too and a salt as long as the hash. What is under another issuer (Ed25519, Ed448, a Brainpool curve,
another salt) leads nowhere. The holder's own key may be of any kind.

A certificate counts from a little before its notBefore, by TIME_TOLERANCE: a CA begins one at the
moment that its own clock tells, and ours may be behind. None counts after its notAfter.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from selfrenew import messages
from selfrenew.certificates import UNREADABLE
from selfrenew.clock import TIME_TOLERANCE

from .errors import WrongCertificateError

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")
_DEPTH_MAX = 8
_RSA_BYTES_MIN = 256
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def has_begun_and_not_ended(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether a certificate counts by our clock, which may be a little behind the CA's."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin - TIME_TOLERANCE <= now <= end


def build_path(
    leaf: x509.Certificate,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate] | None:
    """Find a path from a certificate to an anchor, both ends in it; None where there is none."""
    try:
        return _verify(leaf, others, anchors, now)
    except VerificationError:
        return None


def shows_no_way(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> bool:
    """Tell whether a certificate's issuers are here, up to an anchor, and there still is no path.

    There is none for the next one that they issue either. What has ended is taken as it was then.
    """
    now = min(now, certificate.not_valid_after_utc)
    counting = [each for each in (*anchors, *others) if has_begun_and_not_ended(each, now)]
    last = certificate
    for _ in range(_DEPTH_MAX):
        issuers = (each for each in counting if each != last and _has_issued(each, last))
        issuer = next(issuers, None)
        if issuer is None:
            return False
        if issuer in anchors:
            return build_path(certificate, counting, anchors, now) is None
        last = issuer
    return False


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        # An older hash says nothing of what the issuer signs with today. EdDSA names none.
        if not isinstance(certificate.signature_hash_algorithm, (*_HASHES, type(None))):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _verify(
    leaf: x509.Certificate,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate]:
    if not anchors:
        raise VerificationError("no trust anchors are configured")
    others = list(others)
    try:
        return _verify_at(now, leaf, others, anchors)
    except VerificationError:
        # What has begun by then has done so within the tolerance, and had not ended before.
        begins = [each.not_valid_before_utc for each in (leaf, *others, *anchors)]
        ahead = [begin for begin in begins if now < begin <= now + TIME_TOLERANCE]
        if not ahead:
            raise
    return _verify_at(max(ahead), leaf, others, anchors)


def _verify_at(
    moment: datetime,
    leaf: x509.Certificate,
    others: list[x509.Certificate],
    anchors: Sequence[x509.Certificate],
) -> list[x509.Certificate]:
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(moment)
        .max_chain_depth(_DEPTH_MAX)
        .extension_policies(ca_policy=_CA, ee_policy=_EE)
        .build_client_verifier()
    )
    try:
        return verifier.verify(leaf, others).chain
    except UNREADABLE as error:
        raise VerificationError(str(error)) from error


def _signs_certificates(_policy: Policy, _: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer's keyUsage does not let it sign certificates")


def _asks_for_no_policy(
    _policy: Policy, issuer: x509.Certificate, constraints: x509.PolicyConstraints | None
) -> None:
    if constraints is None or constraints.require_explicit_policy is None:
        return
    # What is not critical, as it should be, is left aside where it is not looked for.
    if issuer.extensions.get_extension_for_class(x509.PolicyConstraints).critical:
        raise ValueError("an issuer requires an explicit policy, which is not looked for here")


# Any policy will do here, so a critical extension that names some is understood (RFC 5280, 6.1.1).
# So are those by which an issuer narrows them down: a path with none left is as good as another,
# unless one is required.
_EE = ExtensionPolicy.permit_all().may_be_present(
    x509.CertificatePolicies, Criticality.AGNOSTIC, None
)
_CA = (
    _EE.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
    .may_be_present(x509.InhibitAnyPolicy, Criticality.AGNOSTIC, None)
    .may_be_present(x509.PolicyConstraints, Criticality.AGNOSTIC, _asks_for_no_policy)
)


def may_be_followed(issuer: x509.Certificate) -> bool:
    """Tell whether an issuer's key is of a kind that a path can go through."""
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return (key.key_size + 7) // 8 >= _RSA_BYTES_MIN
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


def may_speak_for_a_ca(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is a CA's own or one made for CMP (RFC 9810, 4.5).

    Any holder of a certificate chains to the same root; none of them may answer for the CA.
    """
    if _is_ca(certificate):
        return True
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return usage is not None and (CMC_CA in usage or CMC_RA in usage)


def may_sign(certificate: x509.Certificate) -> bool:
    """Tell whether keyUsage lets a key sign anything but certificates (RFC 5280, 4.2.1.3)."""
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.digital_signature


def check_issued(
    certificate: x509.Certificate,
    *,
    public_key: object,
    subject: x509.Name,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    """Check a new certificate before it is written anywhere. Raise WrongCertificateError."""
    if certificate.public_key() != public_key:
        raise WrongCertificateError(messages.CERTIFICATE_OTHER_KEY)
    if certificate.subject != subject:
        raise WrongCertificateError(
            messages.CERTIFICATE_OTHER_PERSON.format(
                issued=certificate.subject.rfc4514_string(), wanted=subject.rfc4514_string()
            )
        )
    if not has_begun_and_not_ended(certificate, now):
        raise WrongCertificateError(
            messages.CERTIFICATE_NOT_NOW.format(
                not_valid_before_utc=certificate.not_valid_before_utc,
                not_valid_after_utc=certificate.not_valid_after_utc,
            )
        )
    if _is_ca(certificate):
        raise WrongCertificateError(messages.CERTIFICATE_OF_CA)
    if not may_sign(certificate):
        raise WrongCertificateError(messages.CERTIFICATE_NOT_SIGNING)
    try:
        _verify(certificate, others, anchors, now)
    except VerificationError as error:
        raise WrongCertificateError(messages.CERTIFICATE_UNTRUSTED.format(error=error)) from error


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
