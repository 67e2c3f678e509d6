# SPDX-License-Identifier: Apache-2.0
"""A reader inside the process: no driver, no daemon, the card is a Python object."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from selfrenew.transport.connection import (
    CardRemovedError,
    NoCardError,
    ReaderBusyError,
    TransportError,
)
from selfrenew_emulator.card import Card

RemovalObserver = Callable[[], None]


class EmbeddedReader:
    """A reader that holds one card at a time; any thread may insert and remove it."""

    def __init__(self, name: str = "Embedded reader") -> None:
        self._name = name
        self._card: Card | None = None
        self._lock = threading.RLock()
        self._owner: EmbeddedConnection | None = None
        self._observers: list[RemovalObserver] = []

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._name

    @property
    def card_present(self) -> bool:
        """Whether a card is in the reader."""
        return self._card is not None

    def insert(self, card: Card) -> None:
        """Put a card in. Raise TransportError where one is in already."""
        with self._lock:
            if self._card is not None:
                raise TransportError(f"The reader '{self._name}' holds a card already; remove it.")
            card.power_on()
            self._card = card

    def remove(self) -> Card:
        """Take the card out, at any moment, and tell the observers. Raise NoCardError."""
        with self._lock:
            if self._card is None:
                raise NoCardError(self._name)
            card, self._card = self._card, None
            self._owner = None
            card.power_off()
        for observer in tuple(self._observers):
            observer()
        return card

    def on_removal(self, observer: RemovalObserver) -> Callable[[], None]:
        """Have a function called at each removal; the returned one ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def connect(self) -> "EmbeddedConnection":
        """Connect to the card. Raise NoCardError or ReaderBusyError."""
        with self._lock:
            if self._card is None:
                raise NoCardError(self._name)
            if self._owner is not None:
                raise ReaderBusyError(self._name)
            return EmbeddedConnection(self, self._card)

    @contextmanager
    def _hold(self, connection: "EmbeddedConnection") -> Iterator[None]:
        with self._lock:
            if self._owner not in {None, connection}:
                raise ReaderBusyError(self._name)
            outer, self._owner = self._owner, connection
        try:
            yield
        finally:
            with self._lock:
                if self._owner is connection:
                    self._owner = outer

    def _transmit(self, connection: "EmbeddedConnection", card: Card, command: bytes) -> bytes:
        with self._lock:
            self._usable(connection, card)
            return card.transmit(command)

    def _reset(self, connection: "EmbeddedConnection", card: Card) -> None:
        with self._lock:
            self._usable(connection, card)
            card.reset()

    def _usable(self, connection: "EmbeddedConnection", card: Card) -> None:
        if self._card is not card:
            raise CardRemovedError(self._name)
        if self._owner not in {None, connection}:
            raise ReaderBusyError(self._name)


class EmbeddedConnection:
    """A connection to the card that was in the reader when it was made."""

    def __init__(self, reader: EmbeddedReader, card: Card) -> None:
        self._reader = reader
        self._card = card
        self._closed = False

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._card.atr

    def transmit(self, command: bytes) -> bytes:
        """Send a command. Raise CardRemovedError once this card is out, or this is closed."""
        if self._closed:
            raise CardRemovedError(self._reader.name)
        return self._reader._transmit(self, self._card, command)  # noqa: SLF001  its own reader

    def reset(self) -> None:
        """Reset the card."""
        self._reader._reset(self, self._card)  # noqa: SLF001  its own reader

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other connections off the card."""
        with self._reader._hold(self):  # noqa: SLF001  its own reader
            yield

    def close(self) -> None:
        """Let the card go."""
        self._closed = True
