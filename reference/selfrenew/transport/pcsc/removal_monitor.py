# SPDX-License-Identifier: Apache-2.0
"""Notices at once that a card was taken out."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from smartcard import scard

from selfrenew.transport.connection import TransportError

from .context import event_count, holds_card, known_states, open_context
from .watch import WAIT_MILLISECONDS, Watch


class RemovalMonitor(Watch):
    """Waits on readers in a thread of its own and calls an observer at each removal.

    A service or reader that goes away took its cards with it, and ends the watch.
    """

    def __init__(self, readers: Sequence[str], observer: Callable[[], None]) -> None:
        super().__init__("pcsc-removals", open_context())
        self._observer = observer
        self._states = [(name, scard.SCARD_STATE_UNAWARE) for name in readers]
        code, states = scard.SCardGetStatusChange(self.context, 0, self._states)
        if code == scard.SCARD_S_SUCCESS:
            self._states = known_states(states)
        self.start()

    def watch(self) -> None:
        """Wait for removals until it is stopped, or the service or a reader is gone."""
        try:
            while not self.stopping.is_set():
                code, states = scard.SCardGetStatusChange(
                    self.context, WAIT_MILLISECONDS, self._states
                )
                if code in {scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED}:
                    continue
                new = known_states(states) if code == scard.SCARD_S_SUCCESS else []
                if not new or _removed(self._states, new):
                    with suppress(TransportError):
                        self._observer()
                if not new:
                    return
                self._states = new
        finally:
            scard.SCardReleaseContext(self.context)


def _removed(before: list[tuple[str, int]], now: list[tuple[str, int]]) -> bool:
    return any(
        holds_card(old) and (not holds_card(new) or event_count(old) != event_count(new))
        for (_, old), (_, new) in zip(before, now, strict=True)
    )
