# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns the card: what is done with it is done here, in order."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from selfrenew.transport.connection import Reader

from .errors import AgentStoppedError

GRACE_SECONDS = 5.0
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    work: Callable[[Reader], Any]
    future: Future[Any]


class CardWorker:
    """Runs jobs with the reader, one after the other; enter it to start, leave it to stop.

    What is to be done with the card from any other thread is submitted here, so that a sign-in and
    an operation never speak to it at once.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._jobs: deque[_Job] = deque()
        self._change = threading.Condition()
        self._running: _Job | None = None
        self._ending = False
        self.stopping = threading.Event()
        """Set when the agent is being ended: a job that can break off safely does."""
        # A daemon, since a card or a person that does not answer must not keep the program.
        self._thread = threading.Thread(target=self._run, name="card-worker", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> str | None:
        """The name of the job that runs now."""
        with self._change:
            return None if self._running is None else self._running.name

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def submit(self, name: str, work: Callable[[Reader], _Result]) -> Future[_Result]:
        """Have work done after what was submitted before. Raise AgentStoppedError.

        A future that is cancelled before its turn is passed over.
        """
        future: Future[_Result] = Future()
        with self._change:
            if self._ending:
                raise AgentStoppedError
            self._jobs.append(_Job(name, work, future))
            self._change.notify_all()
        return future

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> str | None:
        """Take no more jobs, drop those that wait, and let the running one end.

        Return the name of the job that still ran when the time was over; None where none did.
        """
        with self._change:
            self._ending = True
            self.stopping.set()
            dropped = list(self._jobs)
            self._jobs.clear()
            self._change.notify_all()
        for job in dropped:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(AgentStoppedError())
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(grace_seconds)
        late = self.running
        if late is not None:
            _log.warning("the agent was stopped in the middle of: %s", late)
        return late

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if job.future.set_running_or_notify_cancel():
                try:
                    result = job.work(self._reader)
                except BaseException as error:  # noqa: BLE001  it is told to who waits for it
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)
            with self._change:
                self._running = None
                self._change.notify_all()
            # Work may hold a passcode, which is not to wait here with the thread.
            del job

    def _next(self) -> _Job | None:
        with self._change:
            while not self._jobs:
                if self._ending:
                    return None
                self._change.wait()
            self._running = self._jobs.popleft()
            return self._running
