# SPDX-License-Identifier: Apache-2.0
"""Certificates that came from elsewhere, every part of which can be read.

The library reads a certificate's parts when they are asked for, and has errors of its own for some
that are odd. Here each is asked for once, so that no later line can stumble over one.
"""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    TypeError,
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for a certificate or request that it cannot read."""


class UnreadableCertificateError(Exception):
    """Bytes are no certificate, or one with a part that cannot be read."""


# Every message of a transaction brings the same chain.
@lru_cache(maxsize=128)
def load_certificate(raw: bytes) -> x509.Certificate:
    """Load a certificate and all of its parts. Raise UnreadableCertificateError."""
    try:
        certificate = x509.load_der_x509_certificate(raw)
        certificate.public_key()
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except UNREADABLE as error:
        raise UnreadableCertificateError(f"the certificate cannot be read: {error}") from error
    return certificate
