# SPDX-License-Identifier: Apache-2.0
"""A certificate for programs and for people: the same facts under stable keys."""

from cryptography import x509


def certificate_view(certificate: x509.Certificate) -> dict[str, object]:
    """Give serial (hex), names and validity (ISO 8601, UTC) of a certificate."""
    return {
        "serial": serial(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }


def serial(certificate: x509.Certificate) -> str:
    """Give a serial number as it is printed everywhere."""
    return f"{certificate.serial_number:X}"
