# SPDX-License-Identifier: Apache-2.0
"""What goes wrong between a card and the PC/SC service.

ReaderError
├── VpcdUnreachableError   nobody listens where vpcd should
├── NotPoweredError        vpcd took the card and never gave it power
├── ReaderPortTakenError   a port that was asked for belongs to another program
├── ReaderFolderError      the folder for pcscd's socket cannot hold it
├── PcscdMissingError      pcscd or its vpcd driver is not installed
├── PcscdTooOldError       pcscd is of a version that cannot be set up in this way
├── NamespacesRefusedError the system gives this process no namespaces of its own
└── PcscdFailedError       pcscd did not start

NoServiceError, for programs that use an emulated reader
└── ServiceStoppedError    a fault has the service for readers stopped
"""

from pathlib import Path

from selfrenew.transport.connection import NoServiceError


class ReaderError(Exception):
    """A reader cannot be had, or cannot take the card."""


class VpcdUnreachableError(ReaderError):
    """Connecting to vpcd failed."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Connecting to vpcd at {host}:{port} failed ({reason}). Start readers with "
            "selfrenew-emulator reader up, or start the system's pcscd with vsmartcard-vpcd, and "
            "name the port they listen on."
        )


class NotPoweredError(ReaderError):
    """The connection stands and the reader leaves the card without power."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        super().__init__(
            f"The reader at {host}:{port} gave the card no power within {seconds:g} seconds. "
            "Another card is in it, or pcscd has stopped: take that card out, name another port, "
            "or start the readers again."
        )


class ReaderPortTakenError(ReaderError):
    """Another program listens on the port."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(
            f"Listening on 127.0.0.1:{port} for a card failed ({reason}). "
            "End the program that uses the port, or name another one."
        )


class ReaderFolderError(ReaderError):
    """The socket cannot be where it is wanted."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"Keeping pcscd's socket in {folder} failed ({reason}). "
            "Name another folder, one with a short path that may be written."
        )


class PcscdMissingError(ReaderError):
    """A program or driver is not there."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Starting a private pcscd needs {what}, which is not installed. On Debian and Ubuntu: "
            "apt install pcscd vsmartcard-vpcd util-linux"
        )


class PcscdTooOldError(ReaderError):
    """The installed pcscd cannot do what is asked of it."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"pcscd {found} is installed; a private one needs {needed} or later. Update pcscd."
        )


class NamespacesRefusedError(ReaderError):
    """The kernel, or the container around it, refuses namespaces."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Giving pcscd namespaces of its own failed ({reason}). Run this as root or where user "
            "namespaces are allowed, or use the system's pcscd: docs/smartcard-in-ci.md says how."
        )


class PcscdFailedError(ReaderError):
    """The daemon ended, or was not ready in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Starting a private pcscd failed: {reason}. "
            "Check that pcscd runs here: pcscd --foreground --debug"
        )


class ServiceStoppedError(NoServiceError):
    """Nobody serves the readers of this machine."""

    def __init__(self) -> None:
        super().__init__(
            "The smartcard service of this computer does not run. Start it, or restart the "
            "computer, and try again."
        )
