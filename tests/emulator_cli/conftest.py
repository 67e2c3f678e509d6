# SPDX-License-Identifier: Apache-2.0
"""The program as a script runs it: in a process of its own, until it ends or is stopped."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

TIMEOUT_SECONDS = 120
_COMMAND = (sys.executable, "-c", "from selfrenew_emulator.cli import main; main()")

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start_program() -> Iterator[Start]:
    """Start the program with arguments; what still runs after the test is killed."""
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
def run_program() -> Run:
    """Run the program to its end."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  the test's own arguments
            [*_COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    return run
