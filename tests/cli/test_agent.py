# SPDX-License-Identifier: Apache-2.0
"""The agent as a process at a terminal; its card is an image, put in and taken out by moving it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.cli import ExitCode
from selfrenew.config import assemble, load_configuration
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_emulator.stage.tls import server_context
from selfrenew_steps.running_portal import trusting
from tests.cli.test_program import COMMAND, TIMEOUT_SECONDS, at_a_terminal, environment, read_until

URL = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"
LIVES = "The agent is running"


@dataclass
class Browser:
    """What `webbrowser` opens: a script that writes the address into a pipe."""

    script: Path
    _pipe: int

    @property
    def opened(self) -> str:
        """Wait for it to be opened, and give the address."""
        ready, _, _ = select.select([self._pipe], [], [], TIMEOUT_SECONDS)
        assert ready, "no browser was opened"
        return os.read(self._pipe, 4096).decode()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    pipe, script = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(pipe)
    script.write_text(f"#!/bin/sh\nprintf %s \"$*\" > '{pipe}'\n")
    script.chmod(0o755)
    # Open for writing too, so that neither side waits for the other.
    opened = os.open(pipe, os.O_RDWR)
    yield Browser(script, opened)
    os.close(opened)


Start = Callable[..., AbstractContextManager[tuple[subprocess.Popen[bytes], int]]]


@pytest.fixture
def variables(tmp_path: Path, browser: Browser) -> dict[str, str]:
    return {
        "SELFRENEW_AGENT_PORT": "0",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "BROWSER": str(browser.script),
    }


@pytest.fixture
def start(shared_stage: EmbeddedStage, card: Any, variables: dict[str, str]) -> Start:
    """Start the agent at a terminal, its card still out."""
    out(card)

    @contextmanager
    def at_it(*arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        with at_a_terminal(
            shared_stage, card, "agent", "--terminal", *arguments, **{**variables, **more}
        ) as (process, terminal):
            yield process, terminal
            end(process)

    return at_it


def aside(card: Any) -> Path:
    return Path(card.path).with_suffix(".out")


def out(card: Any) -> None:
    card.path.rename(aside(card))


def put_in(card: Any) -> None:
    aside(card).rename(card.path)


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End it as its system does; it has to say that all is well."""
    process.send_signal(number)
    assert process.wait(TIMEOUT_SECONDS) == ExitCode.DONE


def sign_in(card: Any, terminal: int) -> str:
    """Put the card in and sign in, up to the question of the notice; give what was shown."""
    seen = read_until(terminal, LIVES)
    put_in(card)
    seen += read_until(terminal, "Passcode: ")
    os.write(terminal, b"123456\n")
    seen += read_until(terminal, f"{messages.CHOOSE_ROLE}: ")
    os.write(terminal, b"1\n")
    seen += read_until(terminal, "Yes / No: ")
    assert seen.endswith("Yes / No: "), seen
    return seen


def test_yes_to_the_notice_opens_the_configured_address(
    start: Start, card: Any, browser: Browser
) -> None:
    with start() as (_, terminal):
        seen = sign_in(card, terminal)
        os.write(terminal, b"yes\n")
        assert browser.opened == URL
    assert "expire in 30 days" in seen
    assert "123456" not in seen


def test_no_shows_the_link_to_copy(start: Start, card: Any) -> None:
    with start() as (_, terminal):
        sign_in(card, terminal)
        os.write(terminal, b"no\n")
        seen = read_until(terminal, f"{URL}\r\n")
    assert messages.NOTICE_COPY[:40] in seen


def test_a_browser_that_fails_gives_the_link_to_copy(
    start: Start, card: Any, browser: Browser
) -> None:
    browser.script.write_text("#!/bin/sh\nexit 1\n")
    with start() as (_, terminal):
        sign_in(card, terminal)
        os.write(terminal, b"yes\n")
        assert messages.NOTICE_BROWSER_FAILED[:40] in read_until(terminal, f"{URL}\r\n")


def test_taking_the_card_out_ends_the_session_at_the_spine(
    start: Start,
    card: Any,
    shared_stage: EmbeddedStage,
    loopback: Any,
    answered: Callable[..., bytes],
) -> None:
    loopback.context = server_context(shared_stage.ca)
    with trusting(shared_stage) as http, start(SELFRENEW_SPINE_URL=loopback.url) as (_, terminal):
        ended: list[str] = []
        read, write = os.pipe()

        def forward(request: Any) -> bytes:
            answer = http.request(
                request.method,
                shared_stage.urls.spine + request.target,
                content=request.body,
                headers={
                    name: value
                    for name, value in request.headers.items()
                    if name in {"authorization", "content-type"}
                },
            )
            if request.method == "DELETE":
                ended.append(request.headers["authorization"].removeprefix("Bearer "))
                os.write(write, b"\0")
            kind = answer.headers.get("content-type")
            return answered(answer.content, answer.status_code, kind)

        loopback.respond = forward
        sign_in(card, terminal)
        out(card)
        assert select.select([read], [], [], TIMEOUT_SECONDS)[0], "nobody was logged out"
        os.close(read)
        os.close(write)
        with assemble(
            load_configuration(shared_stage.config_file),
            reader=shared_stage.reader,
            clock=shared_stage.clock,
        ) as reference:
            assert reference.services.spine.validate(ended[0]).reason == "logged_out"


def test_json_is_one_line_once_it_is_ready(start: Start, card: Any) -> None:
    with start("--json") as (_, terminal):
        line = read_until(terminal, "\n")
        where = json.loads(line)
        assert set(where) == {"port", "launch"}
        socket.create_connection(("127.0.0.1", where["port"])).close()
        put_in(card)
        assert read_until(terminal, "Passcode: ") == "Passcode: "


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("asked", [LIVES, "Passcode: ", "work in: ", "Yes / No: "])
def test_signals_end_it_whatever_it_asks(
    start: Start, card: Any, number: signal.Signals, asked: str
) -> None:
    with start() as (process, terminal):
        steps = [LIVES, "Passcode: ", "work in: ", "Yes / No: "]
        answers: list[Callable[[], object]] = [
            lambda: put_in(card),
            lambda: os.write(terminal, b"123456\n"),
            lambda: os.write(terminal, b"1\n"),
        ]
        read_until(terminal, steps[0])
        for step, answer in zip(steps[1 : steps.index(asked) + 1], answers, strict=False):
            answer()
            read_until(terminal, step)
        end(process, number)
        assert "Traceback" not in read_until(terminal, "\0")


def run_agent(
    stage: EmbeddedStage, card: Any, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the test's own arguments
        [*COMMAND, "--now", DEFAULT_NOW.isoformat(), "agent", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=environment(stage, card, **variables),
    )


def test_a_second_agent_is_refused(
    start: Start, shared_stage: EmbeddedStage, card: Any, variables: dict[str, str]
) -> None:
    with start() as (process, terminal):
        read_until(terminal, LIVES)
        second = run_agent(shared_stage, card, **variables)
    assert second.returncode == ExitCode.ALREADY_RUNNING
    assert f"process {process.pid}" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(
    shared_stage: EmbeddedStage, card: Any, variables: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        wanted = {**variables, "SELFRENEW_AGENT_PORT": port}
        with at_a_terminal(shared_stage, card, "agent", "--terminal", **wanted) as (
            process,
            terminal,
        ):
            seen = read_until(terminal, "\0")
            assert process.wait(TIMEOUT_SECONDS) == ExitCode.CONFIGURATION
    assert f"127.0.0.1:{port}" in seen
    assert "agent.port" in seen
    assert "Traceback" not in seen


def test_without_display_and_terminal_it_says_what_to_do(
    shared_stage: EmbeddedStage, card: Any, variables: dict[str, str]
) -> None:
    ended = run_agent(shared_stage, card, **variables)
    assert ended.returncode not in {ExitCode.DONE, ExitCode.BUG}
    assert "DISPLAY" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_help_loads_neither_web_server_nor_windows() -> None:
    code = (
        "import sys; from selfrenew.cli import program; "
        "program.main(['agent', '--help'], standalone_mode=False); "
        "print({'uvicorn', 'starlette', 'tkinter'} & set(sys.modules))"
    )
    ended = subprocess.run(  # noqa: S603  the test's own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout.endswith("set()\n")
