# SPDX-License-Identifier: Apache-2.0
"""What a CA says of a certificate to those who rely on it.

StatusError
├── StatusUnavailableError  nobody answers, or not with a status
└── StatusUntrustedError    an answer came that is not to be believed
"""

from collections.abc import Awaitable, Callable
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


StatusSource = Callable[[x509.Certificate], Awaitable[CertificateStatus]]
"""Tells the status of a certificate, or raises StatusError."""


class StatusError(Exception):
    """Whether a certificate counts cannot be told, so it does not."""


class StatusUnavailableError(StatusError):
    """Nobody answers for the certificate, or not with a status."""


class StatusUntrustedError(StatusError):
    """An answer came, and it is not the issuer's word on this certificate, now."""
