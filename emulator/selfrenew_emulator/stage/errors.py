# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while a stage is set up.

StageError
├── PortTakenError         an address that was asked for belongs to another program
├── StateError             the state folder cannot be used
├── DeskUnreachableError   the stage of a state folder does not answer
├── DeskRefusedError       it answered that it makes no such card
├── NoSuchCardError        a card was asked for that there is not
├── ProgramFailedError     a program of the stage ended instead of starting
└── ControlError           a program of the stage did not do what it was asked to
    ├── ControlUnreachableError   it does not answer
    └── ControlRefusedError       it answered that it does not
"""

from pathlib import Path


class StageError(Exception):
    """The stage cannot start, or cannot do what it was asked for."""


class PortTakenError(StageError):
    """Another program listens where the stage was told to."""

    def __init__(self, port: int, reason: str, host: str = "127.0.0.1") -> None:
        super().__init__(
            f"Listening on {host}:{port} failed ({reason}). "
            "End the program that uses the port, or name another one."
        )


class StateError(StageError):
    """The folder is no state of this version, or cannot be written."""

    def __init__(self, folder: Path, reason: str, remedy: str) -> None:
        super().__init__(f"Using the state folder {folder} failed: {reason}. {remedy}")


class DeskUnreachableError(StageError):
    """Nobody answers at the address the state folder names."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"Asking the stage of {folder} for a card failed: {reason}. "
            f"Start it first: selfrenew-emulator up --state {folder}"
        )


class DeskRefusedError(StageError):
    """The stage answered, and made no card."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(
            f"Asking the stage for a card failed: it answered {status} ({reason}). "
            "Change the order, or look at the stage's own output."
        )


class NoSuchCardError(StageError):
    """What was asked of a card does not go together."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Making the card failed: {reason}. Ask for another card.")


class ProgramFailedError(StageError):
    """A program of the stage did not start."""

    def __init__(self, program: str, said: str) -> None:
        super().__init__(
            f"Starting {program} failed: {said.splitlines()[-1]} Start it by itself to see all it "
            f"says: selfrenew-emulator {program}"
        )


class ControlError(StageError):
    """A program of the stage cannot be told what to do."""


class ControlUnreachableError(ControlError):
    """Nobody answers at a control API's address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"Asking the program at {url} failed: {reason}. Start it, or look at its own output."
        )


class ControlRefusedError(ControlError):
    """A program answered, and did not do it."""

    def __init__(self, what: str, status: int, reason: str) -> None:
        super().__init__(
            f"{what} failed: it answered {status} ({reason}). "
            "Change what was asked, or look at the program's own output."
        )
        self.status = status
