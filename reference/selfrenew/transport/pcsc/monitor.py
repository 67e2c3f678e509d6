# SPDX-License-Identifier: Apache-2.0
"""Notices at once that a card was taken out."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from smartcard import scard

from selfrenew.transport.connection import TransportError

from .context import event_count, holds_card, open_context

_WAIT_MILLISECONDS = 60_000


class RemovalMonitor:
    """Waits on readers in a thread of its own and calls an observer at each removal.

    A service or reader that goes away took its cards with it, and ends the watch.
    """

    def __init__(self, readers: Sequence[str], observer: Callable[[], None]) -> None:
        self._observer = observer
        self._stopping = threading.Event()
        self._context = open_context()
        self._states = [(name, scard.SCARD_STATE_UNAWARE) for name in readers]
        code, states = scard.SCardGetStatusChange(self._context, 0, self._states)
        if code == scard.SCARD_S_SUCCESS:
            self._states = _known(states)
        self._thread = threading.Thread(target=self._watch, name="pcsc-monitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch; the observer may be in its last call. Stopping twice is harmless."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        # Its cancelling counts only while the thread waits, so it is repeated until that has ended.
        while self._thread.is_alive() and self._thread is not threading.current_thread():
            scard.SCardCancel(self._context)
            self._thread.join(0.05)

    def _watch(self) -> None:
        try:
            while not self._stopping.is_set():
                code, states = scard.SCardGetStatusChange(
                    self._context, _WAIT_MILLISECONDS, self._states
                )
                if code in {scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED}:
                    continue
                new = _known(states) if code == scard.SCARD_S_SUCCESS else []
                if not new or _removed(self._states, new):
                    with suppress(TransportError):
                        self._observer()
                if not new:
                    return
                self._states = new
        finally:
            scard.SCardReleaseContext(self._context)


def _known(states: list[tuple[str, int, list[int]]]) -> list[tuple[str, int]]:
    return [(name, state & ~scard.SCARD_STATE_CHANGED) for name, state, _ in states]


def _removed(before: list[tuple[str, int]], now: list[tuple[str, int]]) -> bool:
    return any(
        holds_card(old) and (not holds_card(new) or event_count(old) != event_count(new))
        for (_, old), (_, new) in zip(before, now, strict=True)
    )
