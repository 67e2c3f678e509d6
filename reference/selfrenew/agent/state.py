# SPDX-License-Identifier: Apache-2.0
"""How the agent stands: which card, who is signed in. Written by the desktop, read by the page."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, unique

from .event_log import EventLog
from .session import Login


@unique
class CardState(StrEnum):
    """What is in the reader, and how far its holder has come."""

    NO_READER = "no_reader"
    NO_CARD = "no_card"
    FOREIGN_CARD = "foreign_card"
    CARD = "card"
    LOCKED = "locked"
    SIGNED_IN = "signed_in"
    BUSY = "busy"
    """An operation is under way on the card."""


_USABLE = frozenset({CardState.CARD, CardState.LOCKED, CardState.SIGNED_IN})


@dataclass(frozen=True, slots=True)
class Situation:
    """The state and the login at one moment."""

    state: CardState
    login: Login | None


Observer = Callable[[Situation], None]


class AgentState:
    """The one place that any thread asks how the agent stands; each change is logged in order."""

    def __init__(self) -> None:
        self.log: EventLog[Situation] = EventLog(kept=100)
        self._lock = threading.RLock()
        self._card = CardState.NO_READER
        self._login: Login | None = None
        self._operations = 0
        self.log.append(self.now)

    @property
    def now(self) -> Situation:
        """State and login, taken together."""
        with self._lock:
            busy = self._operations and self._card in _USABLE
            return Situation(CardState.BUSY if busy else self._card, self._login)

    @property
    def state(self) -> CardState:
        """What is in the reader; BUSY while an operation runs on it."""
        return self.now.state

    @property
    def login(self) -> Login | None:
        """Who is signed in."""
        return self.now.login

    def change(self, card: CardState, login: Login | None = None) -> None:
        """Note what is in the reader and who is signed in.

        BUSY is for `operating` to say. Raise ValueError for it.
        """
        if card is CardState.BUSY:
            raise ValueError("that an operation runs is said by `operating`")
        with self._lock:
            self._card, self._login = card, login
            self._note()

    def lock(self) -> None:
        """Note that the card in the reader is locked; the session of its holder goes on."""
        with self._lock:
            if self._card in _USABLE:
                self._card = CardState.LOCKED
                self._note()

    def unlock(self) -> None:
        """Note that the card in the reader is locked no more."""
        with self._lock:
            if self._card is CardState.LOCKED:
                self._card = CardState.CARD if self._login is None else CardState.SIGNED_IN
                self._note()

    @contextmanager
    def operating(self) -> Iterator[None]:
        """Say that an operation runs, until it is left."""
        with self._lock:
            self._operations += 1
            self._note()
        try:
            yield
        finally:
            with self._lock:
                self._operations -= 1
                self._note()

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Have a function called with each change, by the thread that made it; returns the end."""
        return self.log.subscribe(lambda: observer(self.now))

    def _note(self) -> None:
        now, last = self.now, self.log.last
        if last is None or now != last.entry:
            self.log.append(now)
