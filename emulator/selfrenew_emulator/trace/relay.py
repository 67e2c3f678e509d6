# SPDX-License-Identifier: Apache-2.0
"""The card in another reader, a real one in PC/SC's above all, relayed into a slot of vpcd.

A program that uses the card there is recorded, whatever it is: it speaks to the card, and the
recorder stands in between.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TypeVar

from selfrenew.transport.connection import (
    CardConnection,
    MonitoredReader,
    TransportError,
)
from selfrenew_emulator.faults import PulledOutError
from selfrenew_emulator.reader import LinkedCard

from .recorded import RecordedCard
from .recorder import TraceRecorder
from .seat import Cards, Gone

_T = TypeVar("_T")


class RelayedCard:
    """A card at the other end of a connection; a connection that fails takes the card out."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self._atr = connection.atr

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self._atr

    def power_on(self) -> bytes:
        """Reset the card, which has its power from its own reader."""
        self.reset()
        return self._atr

    def power_off(self) -> None:
        """Leave it to its own reader; what was verified is forgotten when it is powered again."""

    def reset(self) -> None:
        """Reset the card. Raise PulledOutError."""
        self._do(self._connection.reset)

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU. Raise PulledOutError."""
        return self._do(lambda: self._connection.transmit(command))

    def _do(self, what: Callable[[], _T]) -> _T:
        try:
            return what()
        except TransportError as error:
            raise PulledOutError from error


def relayed_cards(reader: MonitoredReader, recorder: TraceRecorder) -> Cards:
    """Give what a `Seat` takes: the reader's card, held against other programs and recorded.

    The first time, what the reader raises is raised.
    """

    @contextmanager
    def cards(gone: Gone) -> Iterator[LinkedCard | None]:
        def removed() -> None:
            recorder.removal()
            gone()

        with ExitStack() as stack:
            card: LinkedCard | None = None
            try:
                connection = stack.enter_context(closing(reader.connect()))
                stack.enter_context(connection.exclusive())
                card = RecordedCard(RelayedCard(connection), recorder)
                stack.callback(reader.on_removal(removed))
            except TransportError:
                # A card that goes while it comes is not in.
                if not recorder.begun:
                    raise
                card = None
            yield card

    return cards
