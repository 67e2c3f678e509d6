# SPDX-License-Identifier: Apache-2.0
"""What the CA remembers, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState

Extensions = tuple[x509.Extension[x509.ExtensionType], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A certificate and its standing.

    `replaces` is the serial number of the one it updates, `reference` the enrolment it was asked
    under, `reason` why it was revoked, `request` what tells by whom and how it was asked for.
    """

    certificate: x509.Certificate
    profile: str
    state: CertificateState
    since: datetime
    replaces: int | None = None
    reference: str | None = None
    reason: x509.ReasonFlags | None = None
    request: bytes | None = None

    @property
    def reason_in_force(self) -> x509.ReasonFlags | None:
        """Why it does not count, as CRLs and OCSP tell it; None where it counts."""
        if self.state is CertificateState.SUPERSEDED:
            return x509.ReasonFlags.superseded
        revoked = self.state is CertificateState.REVOKED
        return (self.reason or x509.ReasonFlags.unspecified) if revoked else None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction; `requester` identifies who began it and so who may go on with it.

    It is open while its certificate awaits certConf; its ID stays taken for ever.
    """

    serial: int | None
    nonce: bytes
    is_open: bool
    requester: bytes
    confirm_until: datetime | None = None
    cert_req_id: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A request whose answer is given later; `nonce` is the one that the next pollReq repeats."""

    request: bytes
    profile: str | None
    due: datetime
    check_after_seconds: int
    cert_req_id: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A shared secret with which certificates may be asked for the first time.

    `subject` None takes the requested one; `uses_left` None is unlimited. `extensions` are what the
    certificates of a profile have besides the CA's own.
    """

    reference: str
    secret: Secret
    subject: bytes | None
    profiles: frozenset[str]
    uses_left: int | None
    not_after: datetime | None
    extensions: Mapping[str, Extensions] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A message that was answered: who sent it, and the answer's name or the reason of a refusal.

    `requester` is empty where the protection did not hold: nobody can be blamed for that message.
    """

    at: datetime
    transaction_id: bytes
    message: str
    requester: str
    answer: str
