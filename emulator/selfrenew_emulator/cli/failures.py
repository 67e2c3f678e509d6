# SPDX-License-Identifier: Apache-2.0
"""The one place that says how an expected failure ends the program."""

from selfrenew_emulator.applications import ApplicationUnavailableError
from selfrenew_emulator.ca import CaError
from selfrenew_emulator.ca.linting import LinterUnavailableError
from selfrenew_emulator.campaign.book import BookError
from selfrenew_emulator.campaign.case import CaseFormatError
from selfrenew_emulator.campaign.client import NoClientError
from selfrenew_emulator.campaign.running import NoDaskError, SchedulerUnreachableError
from selfrenew_emulator.campaign.scenarios import RehearsalError
from selfrenew_emulator.card import CardImageError, CardImageExistsError
from selfrenew_emulator.clock import ClockFileError
from selfrenew_emulator.faults import FaultError
from selfrenew_emulator.personalisation import PersonalisationError
from selfrenew_emulator.reader import ReaderError
from selfrenew_emulator.stage import (
    ControlUnreachableError,
    DeskRefusedError,
    DeskUnreachableError,
    PortTakenError,
    StageError,
    StateError,
)
from selfrenew_emulator.trace import DivergedError, TraceError

from .exit_codes import ExitCode

_ENDINGS: tuple[tuple[type[Exception], ExitCode], ...] = (
    (PortTakenError, ExitCode.PORT_TAKEN),
    (StateError, ExitCode.STATE_UNUSABLE),
    (ClockFileError, ExitCode.STATE_UNUSABLE),
    (ControlUnreachableError, ExitCode.STAGE_UNREACHABLE),
    (LinterUnavailableError, ExitCode.APPLICATION_UNAVAILABLE),
    (CaError, ExitCode.REFUSED),
    (DeskUnreachableError, ExitCode.STAGE_UNREACHABLE),
    (DeskRefusedError, ExitCode.REFUSED),
    (StageError, ExitCode.REFUSED),
    (PersonalisationError, ExitCode.REFUSED),
    (ReaderError, ExitCode.READER_UNAVAILABLE),
    (CardImageExistsError, ExitCode.IMAGE_EXISTS),
    (CardImageError, ExitCode.IMAGE_UNUSABLE),
    (DivergedError, ExitCode.DIVERGED),
    (TraceError, ExitCode.TRACE_UNUSABLE),
    (ApplicationUnavailableError, ExitCode.APPLICATION_UNAVAILABLE),
    (CaseFormatError, ExitCode.USAGE),
    (FaultError, ExitCode.USAGE),
    (BookError, ExitCode.CAMPAIGN_UNUSABLE),
    (NoClientError, ExitCode.CAMPAIGN_UNUSABLE),
    (NoDaskError, ExitCode.CAMPAIGN_UNUSABLE),
    (RehearsalError, ExitCode.CAMPAIGN_UNUSABLE),
    (SchedulerUnreachableError, ExitCode.CAMPAIGN_UNUSABLE),
)


def ending_of(error: BaseException) -> ExitCode | None:
    """Name the exit code of an expected failure; None for a bug."""
    for kind, code in _ENDINGS:
        if isinstance(error, kind):
            return code
    return None
