# SPDX-License-Identifier: Apache-2.0
"""The one place that says how an expected failure ends the program."""

from selfrenew.agent import NoCertificateError, NoSuchRoleError
from selfrenew.cmp import errors as cmp
from selfrenew.config import ConfigurationError
from selfrenew.piv import errors as piv
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.renewal import errors as renewal
from selfrenew.services import errors as services
from selfrenew.transport import TransportError, UnusableCardError

from .exit_codes import ExitCode

# The first that fits counts, so an error stands before its base class.
_ENDINGS: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ConfigurationError, ExitCode.CONFIGURATION),
    (NoSuchRoleError, ExitCode.USAGE),
    (NoCertificateError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (ReferenceDataFormatError, ExitCode.WRONG_PASSCODE),
    (renewal.NotDueError, ExitCode.NOT_DUE),
    (renewal.ExpiredError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (renewal.NothingVouchesError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (renewal.CardSwappedError, ExitCode.FOREIGN_CARD),
    (renewal.RenewalError, ExitCode.INTERRUPTED),
    (piv.WrongPasscodeError, ExitCode.WRONG_PASSCODE),
    (piv.PasscodeBlockedError, ExitCode.LOCKED),
    (piv.PukBlockedError, ExitCode.LOCKED),
    (piv.WrongPukError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (piv.PivError, ExitCode.FOREIGN_CARD),
    (UnusableCardError, ExitCode.FOREIGN_CARD),
    (TransportError, ExitCode.NO_CARD),
    (services.ServiceUnreachableError, ExitCode.UNREACHABLE),
    (services.ServiceBusyError, ExitCode.UNREACHABLE),
    (services.ServiceRefusedError, ExitCode.REFUSED),
    (services.ServiceError, ExitCode.NOT_TRUSTED),
    (cmp.CaUnreachableError, ExitCode.UNREACHABLE),
    (cmp.CaBusyError, ExitCode.UNREACHABLE),
    (cmp.CaWaitingError, ExitCode.UNREACHABLE),
    (cmp.CaRejectedError, ExitCode.REFUSED),
    (cmp.CmpError, ExitCode.NOT_TRUSTED),
)
_REFUSALS = {
    "expired": ExitCode.SEE_REGISTRATION_AUTHORITY,
    "pending": ExitCode.INTERRUPTED,
}


def ending_of(error: BaseException) -> ExitCode | None:
    """Name the exit code of an expected failure; None for a bug."""
    if isinstance(error, renewal.NotProvenError):
        return ending_of(error.cause)
    if isinstance(error, services.ServiceRefusedError) and error.reason in _REFUSALS:
        return _REFUSALS[error.reason]
    for kind, code in _ENDINGS:
        if isinstance(error, kind):
            return code
    return None
