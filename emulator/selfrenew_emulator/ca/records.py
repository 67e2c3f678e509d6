# SPDX-License-Identifier: Apache-2.0
"""What the CA remembers, as values."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState


@dataclass(frozen=True, slots=True)
class Record:
    """A certificate and its standing.

    `replaces` is the serial number of the one it updates, `reference` the enrolment it was asked
    under, `reason` why it was revoked.
    """

    certificate: x509.Certificate
    profile: str
    state: CertificateState
    since: datetime
    replaces: int | None = None
    reference: str | None = None
    reason: x509.ReasonFlags | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction; `requester` identifies who began it and so who may go on with it.

    It is open while its certificate awaits certConf; its ID stays taken for ever.
    """

    serial: int | None
    nonce: bytes
    is_open: bool
    requester: bytes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A shared secret with which certificates may be asked for the first time.

    `subject` None takes the requested one; `uses_left` None is unlimited.
    """

    reference: str
    secret: Secret
    subject: bytes | None
    profiles: frozenset[str]
    uses_left: int | None
    not_after: datetime | None


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
