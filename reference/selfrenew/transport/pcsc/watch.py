# SPDX-License-Identifier: Apache-2.0
"""A thread that waits for PC/SC to tell of a change, and can be ended while it waits."""

import threading
from abc import ABC, abstractmethod

from smartcard import scard

WAIT_MILLISECONDS = 60_000


class Watch(ABC):
    """Runs `watch` in a thread of its own until it is stopped."""

    def __init__(self, name: str, context: int) -> None:
        self.context = context
        """The context that the thread waits with."""
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.watch, name=name, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    @abstractmethod
    def watch(self) -> None:
        """Wait, and tell, while `stopping` is not set."""

    def stop(self) -> None:
        """End the watch; the observer may be in its last call. Stopping twice is harmless."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        # Its cancelling counts only while the thread waits, so it is repeated until that has ended.
        while self._thread.is_alive() and self._thread is not threading.current_thread():
            scard.SCardCancel(self.context)
            self._thread.join(0.05)
