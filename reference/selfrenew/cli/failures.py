# SPDX-License-Identifier: Apache-2.0
"""The one place that says how a failure ends the program, and in which words."""

from selfrenew import messages
from selfrenew.agent.errors import (
    AlreadyRunningError,
    NoDialogsError,
    NoInstanceFolderError,
    PortTakenError,
    UnwatchedReaderError,
)
from selfrenew.agent.failures import FailureReason, reason_of
from selfrenew.config import ConfigurationError, ContactSettings
from selfrenew.services import errors as services

from .errors import PasscodesDifferError, TicketRefusedError
from .exit_codes import ExitCode

_OF_THE_COMMAND: dict[type[Exception], ExitCode] = {
    ConfigurationError: ExitCode.CONFIGURATION,
    PasscodesDifferError: ExitCode.WRONG_PASSCODE,
    TicketRefusedError: ExitCode.REFUSED,
    AlreadyRunningError: ExitCode.ALREADY_RUNNING,
    NoDialogsError: ExitCode.CONFIGURATION,
    NoInstanceFolderError: ExitCode.CONFIGURATION,
    PortTakenError: ExitCode.CONFIGURATION,
    UnwatchedReaderError: ExitCode.CONFIGURATION,
}
EXIT_CODES = {
    FailureReason.NO_READER: ExitCode.NO_CARD,
    FailureReason.NO_CARD: ExitCode.NO_CARD,
    FailureReason.SEVERAL_CARDS: ExitCode.NO_CARD,
    FailureReason.CARD_REMOVED: ExitCode.NO_CARD,
    FailureReason.CARD_IN_USE: ExitCode.NO_CARD,
    FailureReason.CARD_SWAPPED: ExitCode.FOREIGN_CARD,
    FailureReason.FOREIGN_CARD: ExitCode.FOREIGN_CARD,
    FailureReason.WRONG_PASSCODE: ExitCode.WRONG_PASSCODE,
    FailureReason.PASSCODE_FORM: ExitCode.WRONG_PASSCODE,
    FailureReason.LOCKED: ExitCode.LOCKED,
    FailureReason.UNLOCKING_KEY_BLOCKED: ExitCode.LOCKED,
    FailureReason.UNLOCKING_KEY_WRONG: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.WRONG_CODE: ExitCode.REFUSED,
    FailureReason.UNLOCK_OVER: ExitCode.REFUSED,
    FailureReason.NOT_DUE: ExitCode.NOT_DUE,
    FailureReason.CERTIFICATE_EXPIRED: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.CERTIFICATE_REVOKED: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.CERTIFICATE_PENDING: ExitCode.INTERRUPTED,
    FailureReason.NO_CERTIFICATE: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.NOTHING_VOUCHES: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.UNSUPPORTED_CERTIFICATE: ExitCode.SEE_REGISTRATION_AUTHORITY,
    FailureReason.NO_SUCH_ROLE: ExitCode.USAGE,
    FailureReason.UNREACHABLE: ExitCode.UNREACHABLE,
    FailureReason.REFUSED: ExitCode.REFUSED,
    FailureReason.NOT_TRUSTED: ExitCode.NOT_TRUSTED,
    FailureReason.INTERRUPTED: ExitCode.INTERRUPTED,
    FailureReason.GIVEN_UP: ExitCode.REFUSED,
    FailureReason.AGENT_STOPPED: ExitCode.CANCELLED,
    FailureReason.FAULT: ExitCode.BUG,
}
"""How each reason ends the program."""


def ending_of(error: BaseException) -> ExitCode | None:
    """Name the exit code of an expected failure; None for a bug."""
    for kind, code in _OF_THE_COMMAND.items():
        if isinstance(error, kind):
            return code
    reason = reason_of(error)
    return None if reason is None else EXIT_CODES[reason]


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
    if messages.REGISTRATION_AUTHORITY in text:
        who, known = contacts.registration_authority, usual.registration_authority
        line = messages.CONTACT_REGISTRATION_AUTHORITY
    elif messages.IT_SERVICE_DESK in text or code is ExitCode.NOT_TRUSTED:
        who, known, line = contacts.it, usual.it, messages.CONTACT_IT
    else:
        return None
    return line.format(contact=who) if who != known else None
