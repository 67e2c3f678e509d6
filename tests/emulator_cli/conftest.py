# SPDX-License-Identifier: Apache-2.0
"""The program as a script runs it, until it ends or is stopped.

What is stopped, killed or spoken to has a process of its own. What ends by itself runs in the
test's: a new process takes a second to load what is here already.
"""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from selfrenew_emulator.cli import main
from tests.log_levels import log_levels_kept

_COMMAND = (sys.executable, "-c", "from selfrenew_emulator.cli import main; main()")

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def starting() -> Iterator[Start]:
    """Start the program with arguments; what still runs afterwards is killed."""
    with ExitStack() as stack:

        def start(*arguments: object) -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(  # noqa: S603  the test's own arguments
                    [*_COMMAND, *map(str, arguments)],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def start_program() -> Iterator[Start]:
    """Start the program with arguments; what still runs after the test is killed."""
    with starting() as start:
        yield start


@pytest.fixture
def run_program(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the program to its end."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        command = ["selfrenew-emulator", *map(str, arguments)]
        capfd.readouterr()
        code: object = 0
        with monkeypatch.context() as patch, _left_as_found():
            patch.setattr(sys, "argv", command)
            # Where nobody takes them, as in a process of its own, warnings are printed.
            patch.setattr(logging.getLogger(), "handlers", [])
            patch.setattr(signal, "sigwait", lambda _: pytest.fail("it goes on until a signal"))
            try:
                main()
            except SystemExit as ending:
                code = ending.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, *capfd.readouterr())

    return run


@contextmanager
def _left_as_found() -> Iterator[None]:
    """Put back what a program may change of its process, since that ends with it.

    What would keep a process of its own from ending is not there.
    """
    threads = {each for each in threading.enumerate() if not each.daemon}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    interrupted = signal.getsignal(signal.SIGINT)
    with log_levels_kept():
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, interrupted)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert {each for each in threading.enumerate() if not each.daemon} <= threads
