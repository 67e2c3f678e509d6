# SPDX-License-Identifier: Apache-2.0
"""Notices at once that a card may be in, in a reader that may itself come later."""

from collections.abc import Callable

from smartcard import scard

from selfrenew.transport.connection import NoServiceError, TransportError

from .context import event_count, holds_card, known_states, open_context, reader_names
from .watch import WAIT_MILLISECONDS, Watch

_PLUG_AND_PLAY = r"\\?PnP?\Notification"
"""A reader that is none: its state changes when readers come and go (SCardGetStatusChange)."""
_NO_SERVICE_SECONDS = 1.0
_NO_CONTEXT = 0


class InsertionMonitor(Watch):
    """Calls an observer at each change of a reader whose name is wanted, and of which there are.

    Not only at insertions: of two cards that fit, the one that is left is a card that came in. It
    outlives readers and the service: what comes back is watched again.
    """

    def __init__(self, is_wanted: Callable[[str], bool], observer: Callable[[], None]) -> None:
        super().__init__("pcsc-insertions", _NO_CONTEXT)
        self._is_wanted = is_wanted
        self._observer = observer
        self._seen: dict[str, int] = {}
        self.start()

    def watch(self) -> None:
        """Watch with a context as long as it lasts, and then with another."""
        while not self.stopping.is_set():
            try:
                self.context = open_context()
            except NoServiceError:
                self.stopping.wait(_NO_SERVICE_SECONDS)
                continue
            try:
                while not self.stopping.is_set():
                    self._wait()
            except TransportError:
                # The service went, and the cards with it: those it comes back with are new.
                self._seen.clear()
                self.stopping.wait(_NO_SERVICE_SECONDS)
            finally:
                scard.SCardReleaseContext(self.context)

    def _wait(self) -> None:
        names = [name for name in reader_names(self.context) if self._is_wanted(name)]
        gone = set(self._seen) - set(names)
        self._seen = {name: self._seen.get(name, scard.SCARD_STATE_UNAWARE) for name in names}
        waited_for = [*self._seen.items(), (_PLUG_AND_PLAY, scard.SCARD_STATE_UNAWARE)]
        code, states = scard.SCardGetStatusChange(self.context, WAIT_MILLISECONDS, waited_for)
        if code in {scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED}:
            return
        if code != scard.SCARD_S_SUCCESS:
            if code == scard.SCARD_E_UNKNOWN_READER:
                return
            raise NoServiceError
        new = dict(known_states(states)[: len(self._seen)])
        changed = any(_changed(self._seen[name], state) for name, state in new.items())
        self._seen = new
        if changed or gone:
            self._observer()


def _changed(before: int, now: int) -> bool:
    """Tell whether a card came or went, or the reader itself came; how it is used is no matter."""
    if before == scard.SCARD_STATE_UNAWARE:
        return True
    return holds_card(before) != holds_card(now) or event_count(before) != event_count(now)
