# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while a stage is set up.

StageError
├── PortTakenError         an address that was asked for belongs to another program
├── StateError             the state folder cannot be used
├── DeskUnreachableError   the stage of a state folder does not answer
└── DeskRefusedError       it answered that it makes no such card
"""

from pathlib import Path


class StageError(Exception):
    """The stage cannot start, or cannot do what it was asked for."""


class PortTakenError(StageError):
    """Another program listens where the stage was told to."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(
            f"Listening on 127.0.0.1:{port} failed ({reason}). "
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
