# SPDX-License-Identifier: Apache-2.0
"""The one place that says how a failure ends the program, and in which words."""

from selfrenew import messages
from selfrenew.agent import AgentError, CertificateExpiredError, NoCertificateError, NoSuchRoleError
from selfrenew.cmp import errors as cmp
from selfrenew.config import ConfigurationError, ContactSettings
from selfrenew.piv import errors as piv
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.renewal import errors as renewal
from selfrenew.services import errors as services
from selfrenew.transport import TransportError, UnusableCardError

from .errors import PasscodesDifferError, TicketRefusedError
from .exit_codes import ExitCode

# The first that fits counts, so an error stands before its base class.
_ENDINGS: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ConfigurationError, ExitCode.CONFIGURATION),
    (PasscodesDifferError, ExitCode.WRONG_PASSCODE),
    (TicketRefusedError, ExitCode.REFUSED),
    (NoSuchRoleError, ExitCode.USAGE),
    (CertificateExpiredError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (NoCertificateError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (AgentError, ExitCode.REFUSED),
    (ReferenceDataFormatError, ExitCode.WRONG_PASSCODE),
    (renewal.NotDueError, ExitCode.NOT_DUE),
    (renewal.ExpiredError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (renewal.NothingVouchesError, ExitCode.SEE_REGISTRATION_AUTHORITY),
    (renewal.CardSwappedError, ExitCode.FOREIGN_CARD),
    (renewal.RenewalError, ExitCode.NOT_TRUSTED),
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
    "revoked": ExitCode.SEE_REGISTRATION_AUTHORITY,
    "pending": ExitCode.INTERRUPTED,
}
# Where a renewal stopped for one of these, running it again does not help by itself.
_OUTLAST_A_REPETITION = frozenset({ExitCode.REFUSED, ExitCode.NOT_TRUSTED})


def ending_of(error: BaseException) -> ExitCode | None:
    """Name the exit code of an expected failure; None for a bug."""
    if isinstance(error, renewal.RenewalInterruptedError):
        cause = ending_of(error.cause)
        return cause if cause in _OUTLAST_A_REPETITION else ExitCode.INTERRUPTED
    if isinstance(error, renewal.NotProvenError):
        return ending_of(error.cause)
    if isinstance(error, services.ServiceRefusedError) and error.reason in _REFUSALS:
        return _REFUSALS[error.reason]
    for kind, code in _ENDINGS:
        if isinstance(error, kind):
            return code
    return None


def text_of(error: BaseException, contacts: ContactSettings | None = None) -> str:
    """Say on one line what was attempted, what came back, what to do and whom to turn to."""
    said = [str(error)]
    if isinstance(error, services.ServiceRefusedError):
        said.append(messages.REFUSAL_REMEDIES.get(error.reason, messages.REFUSAL_REMEDY))
    text = " ".join(" ".join(said).split())
    contact = None if contacts is None else _contact(text, ending_of(error), contacts)
    return text if contact is None else f"{text} {contact}"


def _contact(text: str, code: ExitCode | None, contacts: ContactSettings) -> str | None:
    """Name whom the text sends to, where the configuration knows more than the text."""
    usual = ContactSettings()
    if "Registration Authority" in text:
        who, known = contacts.registration_authority, usual.registration_authority
        line = messages.CONTACT_REGISTRATION_AUTHORITY
    elif "IT service desk" in text or code is ExitCode.NOT_TRUSTED:
        who, known, line = contacts.it, usual.it, messages.CONTACT_IT
    else:
        return None
    return line.format(contact=who) if who != known else None
