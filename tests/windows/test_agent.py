# SPDX-License-Identifier: Apache-2.0
"""The whole agent with its windows, from the card's insertion to the browser and to its end."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfrenew.cli import ExitCode
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from tests.cli.conftest import CardFile
from tests.cli.test_program import COMMAND, environment

from .conftest import WAIT_SECONDS, Type

URL = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"


@pytest.fixture(scope="session")
def stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


@pytest.fixture
def card(stage: EmbeddedStage, tmp_path: Path) -> CardFile:
    person, path = stage.make_person("Alice Archer"), tmp_path / "alice.card"
    stage.write_card(path, stage.make_card(person))
    return CardFile(path, person)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[int]:
    """The end of a pipe that gives what was opened in the browser."""
    pipe, script = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(pipe)
    script.write_text(f"#!/bin/sh\nprintf %s \"$*\" > '{pipe}'\n")
    script.chmod(0o755)
    end = os.open(pipe, os.O_RDWR)
    yield end
    os.close(end)


@contextmanager
def running_agent(
    stage: EmbeddedStage, card: CardFile, display: str
) -> Iterator[subprocess.Popen[str]]:
    """Run the agent; give it once it is ready."""
    folder = card.path.parent
    with subprocess.Popen(  # noqa: S603  the test's own arguments
        [*COMMAND, "--now", DEFAULT_NOW.isoformat(), "agent"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(
            stage,
            card,
            DISPLAY=display,
            SELFRENEW_AGENT_PORT="0",
            XDG_RUNTIME_DIR=str(folder),
            BROWSER=str(folder / "browser"),
        ),
    ) as process:
        try:
            assert process.stderr is not None
            assert "is running" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def type_into(hands: Type, title: str, *keys: str) -> None:
    window = hands("search", "--sync", "--onlyvisible", "--name", title).split()[0]
    hands("windowfocus", "--sync", window)
    hands("key", "--delay", "30", *keys)


def test_passcode_role_notice_and_yes_open_the_configured_address(
    stage: EmbeddedStage, card: CardFile, display: str, hands: Type, opened: int
) -> None:
    with running_agent(stage, card, display) as process:
        type_into(hands, "Sign in", *"123456", "Return")
        type_into(hands, "Choose a role", "Tab", "space", "Return")
        type_into(hands, "Smartcard expiry", "Return")
        assert select.select([opened], [], [], WAIT_SECONDS)[0], "no browser was opened"
        assert os.read(opened, 4096).decode() == URL
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == ExitCode.DONE


def test_the_window_goes_with_the_card_and_comes_with_it(
    stage: EmbeddedStage, card: CardFile, display: str, hands: Type, opened: int
) -> None:
    with running_agent(stage, card, display) as process:
        for _ in range(2):
            window = hands("search", "--sync", "--onlyvisible", "--name", "Sign in").split()[0]
            card.path.rename(card.path.with_suffix(".out"))
            gone(hands, window)
            card.path.with_suffix(".out").rename(card.path)
        hands("search", "--sync", "--onlyvisible", "--name", "Sign in")
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == ExitCode.DONE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_while_a_window_is_open(
    stage: EmbeddedStage,
    card: CardFile,
    display: str,
    hands: Type,
    number: signal.Signals,
) -> None:
    with running_agent(stage, card, display) as process:
        hands("search", "--sync", "--onlyvisible", "--name", "Sign in")
        process.send_signal(number)
        assert process.wait(WAIT_SECONDS) == ExitCode.DONE
        assert process.stderr is not None
        assert process.stderr.read() == ""


def gone(hands: Type, window: str) -> None:
    """Wait until a window is no more."""
    for _ in range(500):
        try:
            hands("getwindowname", window)
        except subprocess.CalledProcessError:
            return
    raise AssertionError("the window is still there")
