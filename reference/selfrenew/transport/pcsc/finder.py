# SPDX-License-Identifier: Apache-2.0
"""Whichever reader holds the card that is wanted."""

import time
from collections.abc import Callable
from contextlib import closing

from selfrenew.transport.connection import CardConnection, NoReaderError, TransportError

from .connection import PcscConnection
from .context import holds_card, pcsc_context, reader_names, reader_state
from .errors import AmbiguousCardError, NoServiceError, NoSuchCardError
from .monitor import RemovalMonitor

_SETTLING_SECONDS = 1.0
_POLL_SECONDS = 0.2

IsWanted = Callable[[CardConnection], bool]


class CardFinder:
    """A reader chosen by the card in it, anew at each connection; other cards are left alone.

    `is_wanted` talks to a card and judges; `wanted` says in words what is looked for.
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

    def connect(self) -> PcscConnection:
        """Connect to the card.

        Raise NoReaderError, NoSuchCardError, AmbiguousCardError or another TransportError.
        """
        self.wait_for_card(_SETTLING_SECONDS)
        holders = self._holders()
        if not holders:
            with pcsc_context() as context:
                names = reader_names(context)
            if not names:
                raise NoReaderError(self._wanted)
            raise NoSuchCardError(self._wanted, names)
        if len(holders) > 1:
            raise AmbiguousCardError(self._wanted, holders)
        connection = PcscConnection(holders[0])
        # Between the looking and the connecting somebody may have exchanged the card.
        if not self._is_wanted(connection):
            connection.close()
            raise NoSuchCardError(self._wanted, holders)
        self._found = holders[0]
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
        with pcsc_context() as context:
            occupied = [
                name for name in reader_names(context) if holds_card(reader_state(context, name))
            ]
        return [name for name in occupied if self._holds(name)]

    def _holds(self, name: str) -> bool:
        try:
            with closing(PcscConnection(name)) as connection:
                return self._is_wanted(connection)
        except NoServiceError:
            raise
        except TransportError:
            # Not to be read is not to be wanted: the card may be anybody's.
            return False
