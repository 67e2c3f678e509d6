# SPDX-License-Identifier: Apache-2.0
"""Certification paths, and whether an issued certificate is the one that was asked for.

The checks of RFC 5280, section 6 that a small hierarchy needs: signatures, validity,
basicConstraints with its path length, keyUsage. The library matches the names when it checks who
issued what.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID

from .errors import WrongCertificateError

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")
_DEPTH_MAX = 8
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_KNOWN_CRITICAL = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)


def build_path(
    leaf: x509.Certificate,
    others: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate] | None:
    """Find a path from a certificate to an anchor, both ends in it; None where there is none."""
    candidates = [certificate for certificate in others if _is_ca(certificate)]
    return _extend([leaf], candidates, anchors, now)


def _extend(
    path: list[x509.Certificate],
    candidates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate] | None:
    last = path[-1]
    if not _valid(last, now):
        return None
    if last in anchors:
        return path
    for anchor in anchors:
        if _issued(last, anchor) and _valid(anchor, now) and _length_allows(anchor, path):
            return [*path, anchor]
    if len(path) >= _DEPTH_MAX:
        return None
    for candidate in candidates:
        if candidate in path or not _issued(last, candidate):
            continue
        if not _length_allows(candidate, path):
            continue
        found = _extend([*path, candidate], candidates, anchors, now)
        if found is not None:
            return found
    return None


def may_speak_for_a_ca(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is a CA's own or one made for CMP (RFC 9810, 4.5).

    Any holder of a certificate chains to the same root; none of them may answer for the CA.
    """
    if _is_ca(certificate):
        return True
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return usage is not None and (CMC_CA in usage or CMC_RA in usage)


def may_sign(certificate: x509.Certificate) -> bool:
    """Tell whether keyUsage lets a key protect messages."""
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.digital_signature or _is_ca(certificate)


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
        raise WrongCertificateError(
            "The CA's certificate is for another key than the one the card made. It was rejected "
            "and not written."
        )
    if certificate.subject != subject:
        raise WrongCertificateError(
            f"The CA's certificate is for {certificate.subject.rfc4514_string()}, not for "
            f"{subject.rfc4514_string()}. It was rejected and not written."
        )
    if not _valid(certificate, now):
        raise WrongCertificateError(
            f"The CA's certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} "
            f"to {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, which is not now. It was "
            "rejected and not written. Check this machine's clock."
        )
    if _is_ca(certificate):
        raise WrongCertificateError("The CA's certificate is one for a CA. It was rejected.")
    if build_path(certificate, others, anchors, now) is None:
        raise WrongCertificateError(
            "The CA's certificate does not lead to a trusted root. It was rejected and not "
            "written. Check the trust anchors in the configuration."
        )


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return False
    try:
        return all(
            not extension.critical or extension.oid in _KNOWN_CRITICAL
            for extension in certificate.extensions
        )
    except ValueError:
        return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    usage = _extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _length_allows(issuer: x509.Certificate, below: Sequence[x509.Certificate]) -> bool:
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is None or constraints.path_length is None:
        return True
    intermediates = sum(certificate.issuer != certificate.subject for certificate in below[1:])
    return intermediates <= constraints.path_length
