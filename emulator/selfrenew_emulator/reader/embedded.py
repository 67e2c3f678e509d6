# SPDX-License-Identifier: Apache-2.0
"""A reader inside the process: no driver, no daemon, the card is a Python object."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from selfrenew.transport.connection import (
    CardRemovedError,
    NoCardError,
    NoReaderError,
    ReaderBusyError,
    TransportError,
)
from selfrenew_emulator.card import Card, Interface
from selfrenew_emulator.faults import Absence, PulledOutError, Tap

from .errors import ServiceStoppedError

Observer = Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Insertion:
    """One stay of a card in a reader: the same card put back is another one."""

    card: Card


class EmbeddedReader:
    """A reader that holds one card at a time; any thread may insert and remove it.

    It powers a card through `interface`, or through what the card has where that is None. `tap`
    stands between connections and the card, whichever is in; `doubt` is asked why nobody can
    connect.
    """

    def __init__(self, name: str = "Embedded reader", interface: Interface | None = None) -> None:
        self._name = name
        self._interface = interface
        self.tap: Tap | None = None
        self.doubt: Callable[[], Absence | None] | None = None
        self._unplugged = False
        self._insertion: _Insertion | None = None
        self._lock = threading.RLock()
        self._owner: EmbeddedConnection | None = None
        self._inserted: list[Observer] = []
        self._removed: list[Observer] = []
        self._neighbours: tuple[EmbeddedReader, ...] = ()

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._name

    @property
    def card_present(self) -> bool:
        """Whether a card is in the reader."""
        return self._insertion is not None

    @property
    def card(self) -> Card | None:
        """The card that is in it."""
        insertion = self._insertion
        return None if insertion is None else insertion.card

    @property
    def neighbours(self) -> "tuple[EmbeddedReader, ...]":
        """The readers that have appeared beside it."""
        return self._neighbours

    def appear_beside(self, card: Card) -> "EmbeddedReader":
        """Have another reader appear with a card in it. Raise NoSuchInterfaceError."""
        number = len(self._neighbours) + 2
        neighbour = EmbeddedReader(f"{self._name} {number}", self._interface)
        neighbour.insert(card)
        self._neighbours += (neighbour,)
        return neighbour

    def stand_alone(self) -> None:
        """Have the others gone, with their cards."""
        gone, self._neighbours = self._neighbours, ()
        for neighbour in gone:
            with suppress(NoCardError):
                neighbour.remove()

    def plug_in(self) -> None:
        """Be there again, where a fault had the reader's plug out."""
        self._unplugged = False

    def insert(self, card: Card) -> None:
        """Put a card in.

        Raise TransportError where one is in already, NoSuchInterfaceError for one out of its reach.
        """
        with self._lock:
            if self._insertion is not None:
                raise TransportError(f"The reader '{self._name}' holds a card already; remove it.")
            card.power_on(self._interface)
            self._insertion = _Insertion(card)
        for observer in tuple(self._inserted):
            observer()

    def remove(self) -> Card:
        """Take the card out, at any moment, and tell the observers. Raise NoCardError."""
        with self._lock:
            if self._insertion is None:
                raise NoCardError(self._name)
            card, self._insertion = self._insertion.card, None
            self._owner = None
            card.power_off()
        for observer in tuple(self._removed):
            observer()
        return card

    def on_insertion(self, observer: Observer) -> Callable[[], None]:
        """Have a function called at each insertion; the returned one ends that."""
        return _observe(self._inserted, observer)

    def on_removal(self, observer: Observer) -> Callable[[], None]:
        """Have a function called at each removal; the returned one ends that."""
        return _observe(self._removed, observer)

    def connect(self) -> "EmbeddedConnection":
        """Connect to the card. Raise NoReaderError, NoCardError or ReaderBusyError."""
        with self._lock:
            absence = Absence.NO_READER if self._unplugged else self.doubt and self.doubt()
            if absence is Absence.NO_SERVICE:
                raise ServiceStoppedError
            if absence is Absence.NO_READER:
                raise NoReaderError(self._name)
            if self._insertion is None:
                raise NoCardError(self._name)
            if self._owner is not None:
                raise ReaderBusyError(self._name)
            return EmbeddedConnection(self, self._insertion)

    @contextmanager
    def _hold(self, connection: "EmbeddedConnection") -> Iterator[None]:
        with self._lock:
            self._usable(connection)
            outer, self._owner = self._owner, connection
        try:
            yield
        finally:
            with self._lock:
                if self._owner is connection:
                    self._owner = outer

    def _transmit(self, connection: "EmbeddedConnection", command: bytes) -> bytes:
        try:
            with self._lock:
                exchange = self._usable(connection).transmit
                return exchange(command) if self.tap is None else self.tap(command, exchange)
        except PulledOutError as pulled:
            # Another thread may have been quicker; observers are told without the lock.
            with suppress(NoCardError):
                self.remove()
            self._unplugged = pulled.unplugged
            if pulled.instead is not None:
                self.insert(pulled.instead)
            raise CardRemovedError(self._name) from None

    def _reset(self, connection: "EmbeddedConnection") -> None:
        with self._lock:
            self._usable(connection).reset()

    def _usable(self, connection: "EmbeddedConnection") -> Card:
        if connection.closed:
            raise TransportError(
                f"The connection to the card in the reader '{self._name}' is closed. Connect again."
            )
        insertion = connection.insertion
        if self._insertion is not insertion:
            raise CardRemovedError(self._name)
        if self._owner not in {None, connection}:
            raise ReaderBusyError(self._name)
        return insertion.card


def _observe(observers: list[Observer], observer: Observer) -> Callable[[], None]:
    observers.append(observer)

    def end() -> None:
        with suppress(ValueError):  # ending twice is harmless
            observers.remove(observer)

    return end


class EmbeddedConnection:
    """A connection to the card that was in the reader when it was made, until it is out."""

    def __init__(self, reader: EmbeddedReader, insertion: _Insertion) -> None:
        self._reader = reader
        self.insertion = insertion
        self.closed = False

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self.insertion.card.atr

    def transmit(self, command: bytes) -> bytes:
        """Send a command. Raise CardRemovedError once the card was out, TransportError closed."""
        return self._reader._transmit(self, command)  # noqa: SLF001  its own reader

    def reset(self) -> None:
        """Reset the card."""
        self._reader._reset(self)  # noqa: SLF001  its own reader

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other connections off the card."""
        with self._reader._hold(self):  # noqa: SLF001  its own reader
            yield

    def close(self) -> None:
        """Let the card go."""
        self.closed = True
