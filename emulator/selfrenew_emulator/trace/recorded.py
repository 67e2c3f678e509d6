# SPDX-License-Identifier: Apache-2.0
"""What a recorder is put around: a reader as a program sees it, or a card as its reader does."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from selfrenew.transport.connection import (
    AwaitingReader,
    CardConnection,
    CardRemovedError,
    MonitoredReader,
)
from selfrenew_emulator.reader import LinkedCard

from .recorder import TraceRecorder


class RecordedReader:
    """A reader whose connections are recorded: embedded, an image's, or PC/SC's with a real card.

    To connect is noted as a power-up, to close the connection as a power-down.
    """

    def __init__(self, reader: MonitoredReader, recorder: TraceRecorder) -> None:
        self._reader = reader
        self.recorder = recorder

    @property
    def name(self) -> str:
        """The reader's own name."""
        return self._reader.name

    @property
    def card_present(self) -> bool:
        """Whether a card is in it."""
        return self._reader.card_present

    def connect(self) -> "RecordedConnection":
        """Connect to the card. Raise what the reader raises."""
        return RecordedConnection(self._reader.connect(), self.recorder)

    def on_insertion(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called at each insertion."""
        return self._reader.on_insertion(observer)

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called at each removal."""
        return self._reader.on_removal(observer)

    def wait_for_card(self, timeout_seconds: float) -> bool:
        """Wait for a card, where the reader can."""
        if isinstance(self._reader, AwaitingReader):
            return self._reader.wait_for_card(timeout_seconds)
        return self._reader.card_present


class RecordedConnection:
    """A connection to a card, recorded."""

    def __init__(self, connection: CardConnection, recorder: TraceRecorder) -> None:
        self._connection = connection
        self._recorder = recorder
        self._closed = False
        recorder.power_up(connection.atr)

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self._connection.atr

    def transmit(self, command: bytes) -> bytes:
        """Send a command and note what came of it."""
        return self._recorder(command, self._connection.transmit)

    def reset(self) -> None:
        """Reset the card."""
        try:
            self._connection.reset()
        except CardRemovedError:
            self._recorder.removal()
            raise
        self._recorder.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep other programs off the card."""
        return self._connection.exclusive()

    def close(self) -> None:
        """Let the card go."""
        if not self._closed:
            self._closed = True
            self._recorder.power_down()
        self._connection.close()


class RecordedCard:
    """A card that is recorded at its reader's end; readers and links take it as the card itself."""

    def __init__(self, card: LinkedCard, recorder: TraceRecorder) -> None:
        self._card = card
        self._recorder = recorder

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self._card.atr

    def power_on(self) -> bytes:
        """Give the card power."""
        atr = self._card.power_on()
        self._recorder.power_up(atr)
        return atr

    def power_off(self) -> None:
        """Take the power away."""
        self._card.power_off()
        self._recorder.power_down()

    def reset(self) -> None:
        """Reset the card."""
        self._card.reset()
        self._recorder.reset()

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU."""
        return self._recorder(command, self._card.transmit)
