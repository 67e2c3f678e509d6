# SPDX-License-Identifier: Apache-2.0
"""Signals end a program, whatever its main thread does."""

import queue
import signal
import threading

import pytest

from selfrenew.cli.signals import ended_by_signals

TIMEOUT_SECONDS = 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_wait_that_no_signal_interrupts_is_ended(number: signal.Signals) -> None:
    stops: queue.SimpleQueue[None] = queue.SimpleQueue()

    def take_the_signal() -> None:
        # Where another thread takes it, the main thread's wait goes on, as one does that began
        # just after.
        signal.pthread_kill(threading.get_ident(), number)

    with ended_by_signals(lambda: stops.put(None)):
        threading.Thread(target=take_the_signal).start()
        stops.get(timeout=TIMEOUT_SECONDS)


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ended_by_signals(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals(lambda: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
