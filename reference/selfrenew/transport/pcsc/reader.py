# SPDX-License-Identifier: Apache-2.0
"""A PC/SC reader by its name."""

import time
from collections.abc import Callable

from selfrenew.transport.connection import NoCardError, NoReaderError

from .connection import PcscConnection
from .context import holds_card, pcsc_context, reader_names, reader_state
from .errors import AmbiguousReaderError
from .insertion_monitor import InsertionMonitor
from .removal_monitor import RemovalMonitor

_SETTLING_SECONDS = 1.0
"""A driver is asked every 0.4 s, so a card just put in may not be known yet."""


def list_readers() -> list[str]:
    """List the readers' names, as PC/SC orders them. Raise NoServiceError."""
    with pcsc_context() as context:
        return reader_names(context)


class PcscReader:
    """The reader of a name, or the one reader whose name contains it."""

    def __init__(self, name: str) -> None:
        self._wanted = name

    @property
    def name(self) -> str:
        """The name that was asked for."""
        return self._wanted

    @property
    def card_present(self) -> bool:
        """Whether a card is in the reader. Raise NoReaderError or NoServiceError."""
        with pcsc_context() as context:
            return holds_card(reader_state(context, self._find(context)))

    def connect(self) -> PcscConnection:
        """Connect to the card. Raise TransportError."""
        if not self.wait_for_card(_SETTLING_SECONDS):
            raise NoCardError(self._wanted)
        with pcsc_context() as context:
            name = self._find(context)
        return PcscConnection(name)

    def wait_for_card(self, timeout_seconds: float) -> bool:
        """Wait until a card is in; False where none came in time."""
        deadline = time.monotonic() + timeout_seconds
        with pcsc_context() as context:
            name = self._find(context)
            state = reader_state(context, name)
            while not holds_card(state):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                state = reader_state(context, name, state, left)
            return True

    def on_insertion(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, when a card is put in; the returned one ends that.

        The reader itself may come later, and so may the service.
        """
        return InsertionMonitor(lambda name: self._wanted in name, observer).stop

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, at each removal; the returned one ends that."""
        with pcsc_context() as context:
            name = self._find(context)
        return RemovalMonitor([name], observer).stop

    def _find(self, context: int) -> str:
        names = reader_names(context)
        if self._wanted in names:
            return self._wanted
        found = [name for name in names if self._wanted in name]
        if not found:
            raise NoReaderError(self._wanted)
        if len(found) > 1:
            raise AmbiguousReaderError(self._wanted, found)
        return found[0]
