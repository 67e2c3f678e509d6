# SPDX-License-Identifier: Apache-2.0
"""Whichever reader holds the card that is wanted."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from selfrenew.transport.choosing import IsWanted, choose, holders_of
from selfrenew.transport.connection import CardConnection, NoReaderError

from .connection import PcscConnection
from .context import holds_card, pcsc_context, reader_names, reader_state
from .insertion_monitor import InsertionMonitor
from .removal_monitor import RemovalMonitor

_SETTLING_SECONDS = 1.0
_POLL_SECONDS = 0.2


class CardFinder:
    """A reader chosen by the card in it, anew at each connection; other cards are left alone.

    `is_wanted` judges a card; `wanted` says in words what is looked for.
    """

    def __init__(self, is_wanted: IsWanted, wanted: str) -> None:
        self._is_wanted = is_wanted
        self._wanted = wanted
        self._found: str | None = None

    @property
    def name(self) -> str:
        """The reader that held the card last; before one was found, what is looked for."""
        return self._found or self._wanted

    @property
    def card_present(self) -> bool:
        """Whether exactly one reader holds the card. Raise NoServiceError."""
        return len(self._holders()) == 1

    def connect(self) -> CardConnection:
        """Connect to the card.

        Raise NoReaderError, NoSuchCardError, AmbiguousCardError or another TransportError.
        """
        self.wait_for_card(_SETTLING_SECONDS)
        slots = _slots()
        if not slots:
            raise NoReaderError(self._wanted)
        holder, connection = choose(slots, self._is_wanted, self._wanted)
        self._found = holder.name
        return connection

    def wait_for_card(self, timeout_seconds: float) -> bool:
        """Wait until a reader holds the card; False where none came in time."""
        deadline = time.monotonic() + timeout_seconds
        while not self._holders():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._wait_for_change(min(left, _POLL_SECONDS))
        return True

    def on_insertion(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, when any reader gets a card."""
        return InsertionMonitor(lambda _: True, observer).stop

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, when the card is taken out of its reader."""
        return RemovalMonitor(self._holders(), observer).stop

    def _wait_for_change(self, seconds: float) -> None:
        with pcsc_context() as context:
            names = reader_names(context)
            if not names:
                time.sleep(seconds)
                return
            empty = next(
                (name for name in names if not holds_card(reader_state(context, name))), names[0]
            )
            reader_state(context, empty, reader_state(context, empty), seconds)

    def _holders(self) -> list[str]:
        return [each.name for each in holders_of(_slots(), self._is_wanted)]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A reader as it was seen; connecting to it waits for nothing."""

    name: str
    card_present: bool

    def connect(self) -> PcscConnection:
        return PcscConnection(self.name)


def _slots() -> list[_Slot]:
    with pcsc_context() as context:
        return [
            _Slot(name, holds_card(reader_state(context, name))) for name in reader_names(context)
        ]
