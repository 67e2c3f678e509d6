# SPDX-License-Identifier: Apache-2.0
"""A screen nobody sees, and hands on its keyboard."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from selfrenew.agent.dialogs.windows import WindowDialogs

Result = TypeVar("Result")
WAIT_SECONDS = 60
SCREEN = (1024, 600)


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return None if config.getoption("--windows") else True


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A virtual screen of this process's own."""
    read, write = os.pipe()
    size = "{}x{}x24".format(*SCREEN)
    with subprocess.Popen(  # noqa: S603  the test's own arguments
        ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"],  # noqa: S607
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(write)
        # The whole line: Xvfb writes it in two parts, and dies of a pipe closed between them.
        with os.fdopen(read, "rb") as pipe:
            number = pipe.readline().decode().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
        process.terminate()


@pytest.fixture
def display(screen: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DISPLAY", screen)
    return screen


Type = Callable[..., str]


@pytest.fixture
def hands(display: str) -> Type:
    """Runs xdotool, and gives what it prints."""

    def xdotool(*arguments: str) -> str:
        return subprocess.run(  # noqa: S603  the test's own arguments
            ["xdotool", *arguments],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            env={**os.environ, "DISPLAY": display},
        ).stdout

    return xdotool


@pytest.fixture
def dialogs(display: str) -> "WindowDialogs":
    from selfrenew.agent.dialogs.windows import WindowDialogs  # noqa: PLC0415  needs Tk

    return WindowDialogs()


@pytest.fixture
def meanwhile(
    dialogs: "WindowDialogs",
) -> Iterator[Callable[[Callable[[], Result]], "Future[Result]"]]:
    """Do something in a thread, since Tk has the test's own; failing takes the question away."""
    threads = []

    def run(action: Callable[[], Result]) -> "Future[Result]":
        future: Future[Result] = Future()

        def work() -> None:
            try:
                future.set_result(action())
            except BaseException as error:  # noqa: BLE001  raised where the result is asked for
                future.set_exception(error)
                dialogs.dismiss()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return future

    yield run
    for thread in threads:
        thread.join(WAIT_SECONDS)
