# SPDX-License-Identifier: Apache-2.0
"""What a CA says of a certificate to those who rely on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509


class CertificateState(Enum):
    """A certificate's standing at its issuer; expiry is read off the certificate itself."""

    VALID = "valid"
    PENDING = "pending"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """A certificate's state, and since when where it is no longer valid."""

    state: CertificateState
    since: datetime | None = None


StatusSource = Callable[[x509.Certificate], CertificateStatus]
"""Tells the status of a certificate; embedded it asks the CA directly."""
