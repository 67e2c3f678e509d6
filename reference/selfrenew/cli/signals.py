# SPDX-License-Identifier: Apache-2.0
"""Signals that end a program in good order."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop`, in a thread of its own, when a signal asks the program to end.

    Enter it in the main thread. Without its handler, as nohup starts programs, a terminal that is
    closed does not count.
    """
    ending = {number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    # Python runs handlers between two steps of the main thread. One that is about to wait, for a
    # card or at a terminal, would wait on; what is written here at once has a thread to read it.
    noticed, notices = os.pipe()
    os.set_blocking(notices, False)

    def listen() -> None:
        while number := os.read(noticed, 1):
            if number[0] in ending:
                stop()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    handlers = {number: signal.signal(number, _noticed_already) for number in ending}
    before = signal.set_wakeup_fd(notices, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(notices)
        listener.join()
        os.close(noticed)


def _noticed_already(_: int, __: FrameType | None) -> None:
    """Have a signal noticed, and not end the process."""
