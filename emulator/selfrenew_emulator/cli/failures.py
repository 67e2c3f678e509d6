# SPDX-License-Identifier: Apache-2.0
"""The one place that says how an expected failure ends the program."""

from selfrenew_emulator.card import CardImageError, CardImageExistsError
from selfrenew_emulator.personalisation import PersonalisationError
from selfrenew_emulator.reader import ReaderError
from selfrenew_emulator.stage import (
    DeskRefusedError,
    DeskUnreachableError,
    PortTakenError,
    StageError,
    StateError,
)

from .exit_codes import ExitCode

_ENDINGS: tuple[tuple[type[Exception], ExitCode], ...] = (
    (PortTakenError, ExitCode.PORT_TAKEN),
    (StateError, ExitCode.STATE_UNUSABLE),
    (DeskUnreachableError, ExitCode.STAGE_UNREACHABLE),
    (DeskRefusedError, ExitCode.REFUSED),
    (StageError, ExitCode.REFUSED),
    (PersonalisationError, ExitCode.REFUSED),
    (ReaderError, ExitCode.READER_UNAVAILABLE),
    (CardImageExistsError, ExitCode.IMAGE_EXISTS),
    (CardImageError, ExitCode.IMAGE_UNUSABLE),
)


def ending_of(error: BaseException) -> ExitCode | None:
    """Name the exit code of an expected failure; None for a bug."""
    for kind, code in _ENDINGS:
        if isinstance(error, kind):
            return code
    return None
