# SPDX-License-Identifier: Apache-2.0
"""What happened, in order and numbered, for whoever looks now or comes back to where they were."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class Numbered(Generic[_Entry]):
    """An entry and its number; numbers begin at 1 and have no gaps."""

    number: int
    entry: _Entry


class EventLog(Generic[_Entry]):
    """Takes entries from any thread and tells its observers that there is something new.

    Only the newest `kept` entries are there to be read again.
    """

    def __init__(self, kept: int = 1000) -> None:
        self._entries: deque[Numbered[_Entry]] = deque(maxlen=kept)
        self._observers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._last = 0

    @property
    def last(self) -> Numbered[_Entry] | None:
        """The newest entry."""
        with self._lock:
            return self._entries[-1] if self._entries else None

    def append(self, entry: _Entry) -> None:
        """Take an entry in and tell the observers, in the thread of the caller."""
        with self._lock:
            self._last += 1
            self._entries.append(Numbered(self._last, entry))
            observers = tuple(self._observers)
        for observer in observers:
            observer()

    def after(self, number: int) -> list[Numbered[_Entry]]:
        """Give what came after a number; everything for one that was never given."""
        with self._lock:
            known = 0 < number <= self._last
            return [each for each in self._entries if not known or each.number > number]

    def subscribe(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called at each new entry; the returned one ends that, also twice."""
        with self._lock:
            self._observers.append(observer)

        def end() -> None:
            with self._lock, suppress(ValueError):
                self._observers.remove(observer)

        return end
