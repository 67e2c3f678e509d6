# SPDX-License-Identifier: Apache-2.0
"""What dialogs of every kind have in common: a question that others may take away."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager


class Dismissable(ABC):
    """Knows whether a question stands and whether one may.

    A card that goes out just before its question comes up must not leave it standing, so a
    dismissal holds until `resume`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stands = False
        self._dismissed = False
        self._closed = False

    def dismiss(self) -> None:
        """Take the standing question away, and any that comes before `resume`."""
        with self._lock:
            self._dismissed = True
            if self._stands:
                self._take_away()

    def resume(self) -> None:
        """Let questions be asked again."""
        with self._lock:
            self._dismissed = False
            self._forget()

    def close(self) -> None:
        """Dismiss for good."""
        self._closed = True
        self.dismiss()

    @contextmanager
    def _question(self) -> Iterator[bool]:
        """Have a question stand until it is left; gives whether it may be asked at all."""
        with self._lock:
            # First this, since whoever dismisses next has to see it.
            self._stands = True
            may = not self._dismissed and not self._closed
        try:
            yield may
        finally:
            with self._lock:
                self._stands = False

    @abstractmethod
    def _take_away(self) -> None:
        """End the question that stands; called by any thread."""

    @abstractmethod
    def _forget(self) -> None:
        """Take back what `_take_away` did, no question standing."""
