# SPDX-License-Identifier: Apache-2.0
"""The one table that says what kind of failure an error is, for screens and exit codes alike."""

from enum import StrEnum, unique

from selfrenew.cmp import errors as cmp
from selfrenew.operation_ticket import OperationTicketError
from selfrenew.piv import errors as piv
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.renewal import errors as renewal
from selfrenew.services import errors as services
from selfrenew.transport import connection as transport

from .errors import (
    AgentError,
    AgentStoppedError,
    CertificateExpiredError,
    NoCertificateError,
    NoSuchRoleError,
    OperationGivenUpError,
    UnsupportedAtSignInError,
)


@unique
class FailureReason(StrEnum):
    """Why something did not come to its end; a public name for programs."""

    NO_READER = "no_reader"
    NO_CARD = "no_card"
    SEVERAL_CARDS = "several_cards"
    CARD_REMOVED = "card_removed"
    CARD_IN_USE = "card_in_use"
    CARD_SWAPPED = "card_swapped"
    FOREIGN_CARD = "foreign_card"
    WRONG_PASSCODE = "wrong_passcode"
    PASSCODE_FORM = "passcode_form"
    LOCKED = "locked"
    UNLOCKING_KEY_WRONG = "unlocking_key_wrong"
    UNLOCKING_KEY_BLOCKED = "unlocking_key_blocked"
    WRONG_CODE = "wrong_code"
    UNLOCK_OVER = "unlock_over"
    """The code's time or tries are over, or it was used: a new unlock is needed."""
    NOT_DUE = "not_due"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_PENDING = "certificate_pending"
    NO_CERTIFICATE = "no_certificate"
    NOTHING_VOUCHES = "nothing_vouches"
    UNSUPPORTED_CERTIFICATE = "unsupported_certificate"
    NO_SUCH_ROLE = "no_such_role"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_TRUSTED = "not_trusted"
    INTERRUPTED = "interrupted"
    """A slot is half renewed, and running the renewal again finishes it."""
    GIVEN_UP = "given_up"
    """Another operation was begun instead."""
    AGENT_STOPPED = "agent_stopped"
    FAULT = "fault"
    """A fault of the program itself."""


# The first that fits counts, so an error stands before its base class.
_REASONS: tuple[tuple[type[Exception], FailureReason], ...] = (
    (NoSuchRoleError, FailureReason.NO_SUCH_ROLE),
    (CertificateExpiredError, FailureReason.CERTIFICATE_EXPIRED),
    (UnsupportedAtSignInError, FailureReason.UNSUPPORTED_CERTIFICATE),
    (NoCertificateError, FailureReason.NO_CERTIFICATE),
    (AgentStoppedError, FailureReason.AGENT_STOPPED),
    (OperationGivenUpError, FailureReason.GIVEN_UP),
    (AgentError, FailureReason.REFUSED),
    (OperationTicketError, FailureReason.REFUSED),
    (ReferenceDataFormatError, FailureReason.PASSCODE_FORM),
    (renewal.NotDueError, FailureReason.NOT_DUE),
    (renewal.ExpiredError, FailureReason.CERTIFICATE_EXPIRED),
    (renewal.NothingVouchesError, FailureReason.NOTHING_VOUCHES),
    (renewal.UnsupportedCertificateError, FailureReason.UNSUPPORTED_CERTIFICATE),
    (renewal.CardSwappedError, FailureReason.CARD_SWAPPED),
    (renewal.RenewalError, FailureReason.NOT_TRUSTED),
    (piv.WrongPasscodeError, FailureReason.WRONG_PASSCODE),
    (piv.PasscodeBlockedError, FailureReason.LOCKED),
    (piv.PukBlockedError, FailureReason.UNLOCKING_KEY_BLOCKED),
    (piv.GlobalPinError, FailureReason.UNLOCKING_KEY_BLOCKED),
    (piv.WrongPukError, FailureReason.UNLOCKING_KEY_WRONG),
    (piv.PivError, FailureReason.FOREIGN_CARD),
    (transport.UnusableCardError, FailureReason.FOREIGN_CARD),
    (transport.NoReaderError, FailureReason.NO_READER),
    (transport.CardRemovedError, FailureReason.CARD_REMOVED),
    (transport.ReaderBusyError, FailureReason.CARD_IN_USE),
    (transport.AmbiguousCardError, FailureReason.SEVERAL_CARDS),
    (transport.TransportError, FailureReason.NO_CARD),
    (services.ServiceUnreachableError, FailureReason.UNREACHABLE),
    (services.ServiceBusyError, FailureReason.UNREACHABLE),
    (services.ServiceRefusedError, FailureReason.REFUSED),
    (services.ServiceError, FailureReason.NOT_TRUSTED),
    (cmp.CaUnreachableError, FailureReason.UNREACHABLE),
    (cmp.CaBusyError, FailureReason.UNREACHABLE),
    (cmp.CaWaitingError, FailureReason.UNREACHABLE),
    (cmp.CaDownError, FailureReason.UNREACHABLE),
    (cmp.CaRejectedError, FailureReason.REFUSED),
    (cmp.CmpError, FailureReason.NOT_TRUSTED),
)
_REFUSALS = {
    "expired": FailureReason.CERTIFICATE_EXPIRED,
    "revoked": FailureReason.CERTIFICATE_REVOKED,
    "pending": FailureReason.CERTIFICATE_PENDING,
    "wrong_code": FailureReason.WRONG_CODE,
    "code_expired": FailureReason.UNLOCK_OVER,
    "no_tries_left": FailureReason.UNLOCK_OVER,
    "unknown_unlock": FailureReason.UNLOCK_OVER,
    "handed_out": FailureReason.UNLOCK_OVER,
}
# Where a renewal stopped for one of these, running it again does not help by itself.
_OUTLAST_A_REPETITION = frozenset({FailureReason.REFUSED, FailureReason.NOT_TRUSTED})


def reason_of(error: BaseException) -> FailureReason | None:
    """Name the reason of an expected failure; None for a bug."""
    if isinstance(error, renewal.RenewalInterruptedError):
        cause = reason_of(error.cause)
        return cause if cause in _OUTLAST_A_REPETITION else FailureReason.INTERRUPTED
    if isinstance(error, renewal.NotProvenError):
        return reason_of(error.cause)
    if isinstance(error, services.ServiceRefusedError) and error.reason in _REFUSALS:
        return _REFUSALS[error.reason]
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return None


def cause_of(error: BaseException) -> BaseException:
    """Give what a renewal was ended by, where the error says only how far it had come."""
    if isinstance(error, renewal.RenewalInterruptedError | renewal.NotProvenError):
        return cause_of(error.cause)
    return error
