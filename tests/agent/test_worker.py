# SPDX-License-Identifier: Apache-2.0
"""One thread owns the card: order, errors, an end at any moment."""

import threading
from concurrent.futures import CancelledError

import pytest

from selfrenew.agent.errors import AgentStoppedError
from selfrenew.agent.worker import CardWorker
from selfrenew_emulator.reader import EmbeddedReader


def test_jobs_run_in_order_in_one_thread_that_is_not_the_callers() -> None:
    seen: list[tuple[int, str]] = []
    reader = EmbeddedReader()
    with CardWorker(reader) as worker:
        futures = [
            worker.submit(
                f"job {number}",
                lambda given, number=number: (
                    seen.append((number, threading.current_thread().name)) or given
                ),
            )
            for number in range(50)
        ]
        assert all(future.result(60) is reader for future in futures)
    assert seen == [(number, "card-worker") for number in range(50)]


def test_an_error_is_told_to_who_waits_and_the_next_job_runs() -> None:
    with CardWorker(EmbeddedReader()) as worker:
        broken = worker.submit("broken", lambda _: 1 / 0)
        assert worker.submit("good", lambda _: 7).result(60) == 7
        with pytest.raises(ZeroDivisionError):
            broken.result(60)


def test_a_job_that_was_cancelled_before_its_turn_is_passed_over() -> None:
    gate, ran = threading.Event(), []
    with CardWorker(EmbeddedReader()) as worker:
        worker.submit("gate", lambda _: gate.wait(60))
        late = worker.submit("late", ran.append)
        assert late.cancel()
        gate.set()
        worker.submit("after", lambda _: None).result(60)
    assert ran == []
    with pytest.raises(CancelledError):
        late.result(60)


def test_the_end_drops_what_waits_and_lets_what_runs_come_to_its_end() -> None:
    begun, gate = threading.Event(), threading.Event()
    worker = CardWorker(EmbeddedReader())
    worker.start()

    def run(_: object) -> str:
        begun.set()
        assert worker.stopping.wait(60)
        gate.wait(60)
        return "done"

    running, waiting = worker.submit("running", run), worker.submit("waiting", lambda _: None)
    assert begun.wait(60)
    stopper = threading.Timer(0, gate.set)
    stopper.start()
    assert worker.stop(10) is None
    assert running.result(60) == "done"
    with pytest.raises(AgentStoppedError):
        waiting.result(60)
    with pytest.raises(AgentStoppedError):
        worker.submit("too late", lambda _: None)


def test_a_job_that_does_not_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    begun, gate = threading.Event(), threading.Event()
    worker = CardWorker(EmbeddedReader())
    worker.start()
    stuck = worker.submit("stuck", lambda _: begun.set() or gate.wait(60))
    assert begun.wait(60)
    assert worker.running == "stuck"
    assert worker.stop(0) == "stuck"
    assert "in the middle of: stuck" in caplog.text
    gate.set()
    assert stuck.result(60) is True
    assert worker.stop(10) is None
