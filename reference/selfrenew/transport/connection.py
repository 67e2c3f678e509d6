# SPDX-License-Identifier: Apache-2.0
"""The connection protocol: all that the layers above ask of a reader and of a card in it.

TransportError
├── NoReaderError     no reader of that name
├── NoCardError       the reader is empty
├── CardRemovedError  the card was taken out
├── UnusableCardError a card is there, and does not come up
└── ReaderBusyError   another program holds the card
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


class TransportError(Exception):
    """APDUs do not get to the card or back."""


class NoReaderError(TransportError):
    """No reader has the name that was asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no smartcard reader '{name}' available. Connect it, or name another one."
        )


class NoCardError(TransportError):
    """The reader is there, and empty."""

    def __init__(self, reader: str) -> None:
        super().__init__(f"There is no card in the reader '{reader}'. Insert your smartcard.")


class CardRemovedError(TransportError):
    """The card was taken out of the reader, or lost its power, while it was in use."""

    def __init__(self, reader: str) -> None:
        super().__init__(
            f"The card was removed from the reader '{reader}'. Put it back and start again."
        )


class UnusableCardError(TransportError):
    """A card is in the reader and does not come up: put in the wrong way, damaged, no smartcard."""


class ReaderBusyError(TransportError):
    """Another program holds the card."""

    def __init__(self, reader: str) -> None:
        super().__init__(
            f"Another program is using the card in the reader '{reader}'. Close it and try again."
        )


@runtime_checkable
class CardConnection(Protocol):
    """A powered card; every method may raise CardRemovedError."""

    @property
    def atr(self) -> bytes:
        """The answer to reset."""

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU and return the answer: data and two bytes of status."""

    def reset(self) -> None:
        """Reset the card: everything verified or authenticated is forgotten."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep other programs off the card. Raise ReaderBusyError where one has it."""

    def close(self) -> None:
        """Let the card go; closing twice is harmless."""


@runtime_checkable
class Reader(Protocol):
    """A slot that may hold a card."""

    @property
    def name(self) -> str:
        """The name the system gives the reader."""

    @property
    def card_present(self) -> bool:
        """Whether a card is in it now."""

    def connect(self) -> CardConnection:
        """Power the card and connect to it. Raise NoCardError or ReaderBusyError."""


@runtime_checkable
class MonitoredReader(Reader, Protocol):
    """A reader that tells by itself that its card was taken out."""

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by any thread, at each removal; the returned one ends that."""


@runtime_checkable
class AwaitingReader(Reader, Protocol):
    """A reader that one can wait at."""

    def wait_for_card(self, timeout_seconds: float) -> bool:
        """Wait until the card is in; False where it did not come in time."""
