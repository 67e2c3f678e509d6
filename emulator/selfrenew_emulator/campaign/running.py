# SPDX-License-Identifier: Apache-2.0
"""Plays cases on all cores of this machine, or on many machines by Dask."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.util import Finalize
from typing import Any, Protocol

from .working import end, end_process, play_lines

# Small enough that workers end together and results come soon, large enough for the network.
_BATCH = 10
_WAITING_BATCHES = 3


class NoDaskError(Exception):
    """Machines are to work together, and what they would do that with is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Playing cases on other machines needs Dask, which is not installed. Install "
            "smartcard-selfrenew[campaign], on each of them."
        )


class SchedulerUnreachableError(Exception):
    """Nobody schedules at the address."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"Connecting to the scheduler at {address} failed: {reason}. Start one with 'dask "
            "scheduler', and workers with 'dask worker'."
        )


class Workers(Protocol):
    """Whoever plays cases."""

    @property
    def width(self) -> int:
        """How many batches are played at once."""

    def submit(self, client: str, seed: str, lines: Sequence[str]) -> "Future[Any]":
        """Begin to play cases."""


class _Processes:
    def __init__(self, pool: ProcessPoolExecutor, width: int) -> None:
        self._pool = pool
        self.width = width

    def submit(self, client: str, seed: str, lines: Sequence[str]) -> "Future[Any]":
        return self._pool.submit(play_lines, client, seed, lines)


@contextmanager
def processes(number: int) -> Iterator[Workers]:
    """Start processes of this machine; what they had not begun is dropped at the end."""
    # Forked from a server that has one thread: this process may have some.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["selfrenew_emulator.campaign.working"])
    pool = ProcessPoolExecutor(number, mp_context=context, initializer=_begin)
    try:
        yield _Processes(pool, number)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask(address: str, connect_seconds: float = 10.0) -> Iterator[Workers]:
    """Use the workers of a scheduler. Raise NoDaskError or SchedulerUnreachableError."""
    try:
        from .dask_workers import DaskWorkers  # noqa: PLC0415  an extra
    except ImportError as error:
        raise NoDaskError from error
    try:
        workers = DaskWorkers(address, connect_seconds)
    except (OSError, ValueError) as error:
        raise SchedulerUnreachableError(address, str(error)) from error
    try:
        yield workers
    finally:
        workers.close()


def play_all(
    workers: Workers,
    client: str,
    seed: str,
    lines: Sequence[str],
    take: Callable[[dict[str, Any]], None],
) -> None:
    """Play cases in any order, and hand each result over as it comes."""
    batches = iter([lines[start : start + _BATCH] for start in range(0, len(lines), _BATCH)])
    waiting: set[Future[Any]] = set()
    exhausted = False
    while True:
        while not exhausted and len(waiting) < _WAITING_BATCHES * workers.width:
            batch = next(batches, None)
            if batch is None:
                exhausted = True
                break
            waiting.add(workers.submit(client, seed, batch))
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for each in done:
            for result in each.result():
                take(result)


def _begin() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Processes of a pool end without `atexit`.
    Finalize(None, end, exitpriority=0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # One that is killed closes no queue; nobody would tell this process that it is over.
        parent.join()
        end_process()
