# SPDX-License-Identifier: Apache-2.0
"""Notices that a file came or went: for a card image that is the card put in or taken out."""

import threading
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.1


class FileWatch:
    """Looks for a file while somebody wants to know, and tells when it is or is not there any more.

    One thread looks for all, so that who was told of a going is told of the coming after it. A file
    that is replaced at once, as an image is at each write, was there all the time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._observers: dict[object, tuple[bool, Callable[[], None]]] = {}
        self._there = False
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def observe(self, observer: Callable[[], None], *, appears: bool) -> Callable[[], None]:
        """Have a function called when the file comes, or else goes; the returned one ends that.

        Ended twice is harmless; once it has returned, the function is not called any more.
        """
        key = object()
        with self._lock:
            if self._observers:
                self._look()
            else:
                self._begin()
            self._observers[key] = (appears, observer)

        def end() -> None:
            with self._lock:
                known = self._observers.pop(key, None) is not None
                if not known or self._observers:
                    return
                self._stopping.set()
                thread = self._thread
            if thread is not None and thread is not threading.current_thread():
                thread.join()

        return end

    def _begin(self) -> None:
        self._there = self._path.is_file()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, args=(self._stopping,), name="file-watch", daemon=True
        )
        self._thread.start()

    def _watch(self, stopping: threading.Event) -> None:
        while not stopping.wait(_LOOK_SECONDS):
            with self._lock:
                # A watch that was begun anew has a thread of its own.
                if not stopping.is_set():
                    self._look()

    def _look(self) -> None:
        there = self._path.is_file()
        changed, self._there = there is not self._there, there
        if not changed:
            return
        for key, (appears, observer) in list(self._observers.items()):
            # One that was told may have ended another.
            if appears is there and key in self._observers:
                observer()
