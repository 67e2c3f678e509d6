# SPDX-License-Identifier: Apache-2.0
"""The connection protocol: all that the layers above ask of a reader and of a card in it.

TransportError
├── NoServiceError     nobody serves the readers of this machine
├── NoReaderError      no reader of that name
├── NoCardError        the reader is empty
├── CardRemovedError   the card was taken out
├── UnusableCardError  a card is there, and does not come up
├── NoSuchCardError    no reader holds a card of the kind, or the very card, that is wanted
├── AmbiguousCardError several readers hold a card that fits
└── ReaderBusyError    another program holds the card
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from selfrenew import messages


class TransportError(Exception):
    """APDUs do not get to the card or back."""


class NoServiceError(TransportError):
    """Nobody serves the readers of this machine."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text or messages.NO_PCSC)


class NoReaderError(TransportError):
    """No reader has the name that was asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(messages.NO_READER.format(name=name))


class NoCardError(TransportError):
    """The reader is there, and empty."""

    def __init__(self, reader: str) -> None:
        super().__init__(messages.NO_CARD.format(reader=reader))


class CardRemovedError(TransportError):
    """The card was taken out of the reader, or lost its power, while it was in use."""

    def __init__(self, reader: str) -> None:
        super().__init__(messages.CARD_REMOVED.format(reader=reader))


class UnusableCardError(TransportError):
    """A card is in the reader and does not come up: put in the wrong way, damaged, no smartcard."""


class NoSuchCardError(TransportError):
    """There are readers, and what is wanted is in none of them."""

    def __init__(self, wanted: str, readers: Sequence[str]) -> None:
        super().__init__(messages.NO_SUCH_CARD.format(number=len(readers), wanted=wanted))


class AmbiguousCardError(TransportError):
    """Which card is meant cannot be told."""

    def __init__(self, wanted: str, readers: Sequence[str]) -> None:
        super().__init__(
            messages.AMBIGUOUS_CARD.format(
                number=len(readers), wanted=wanted, readers=", ".join(readers)
            )
        )


class ReaderBusyError(TransportError):
    """Another program holds the card."""

    def __init__(self, reader: str) -> None:
        super().__init__(messages.READER_BUSY.format(reader=reader))


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
class NeighbouredReader(Reader, Protocol):
    """A reader that knows what other readers its machine has got meanwhile."""

    @property
    def neighbours(self) -> Sequence[Reader]:
        """The others, as they are now."""


@runtime_checkable
class MonitoredReader(Reader, Protocol):
    """A reader that tells by itself that a card was put in or taken out."""

    def on_insertion(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by any thread, when a card may have been put in.

        That may be once too often; whether there is a card says the reader. The returned function
        ends it.
        """

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by any thread, at each removal; the returned one ends that."""


@runtime_checkable
class AwaitingReader(Reader, Protocol):
    """A reader that one can wait at."""

    def wait_for_card(self, timeout_seconds: float) -> bool:
        """Wait until the card is in; False where it did not come in time."""
