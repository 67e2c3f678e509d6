# SPDX-License-Identifier: Apache-2.0
"""`reader up` and `card insert` as a script uses them, another program seeing the card."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfrenew_emulator.card import Card, CardImage
from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

from .conftest import Run, until

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Program:
    """The program while it runs, and the first line it printed."""

    process: "subprocess.Popen[str]"
    line: str

    @property
    def json(self) -> dict[str, list[str]]:
        said: dict[str, list[str]] = json.loads(self.line)
        return said

    @property
    def socket(self) -> Path:
        return Path(str(self.json["socket"]))

    @property
    def daemon(self) -> int:
        return int(self.socket.with_name("pcscd.pid").read_bytes().split(b"\n")[0])

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=TIMEOUT_SECONDS)
        return self.process.returncode, out, err


@contextmanager
def program(*arguments: object) -> Iterator[Program]:
    with subprocess.Popen(  # noqa: S603  the test's own arguments
        [
            *(sys.executable, "-c", "from selfrenew_emulator.cli import main; main()"),
            *map(str, arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Program(process, process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def image(tmp_path: Path, blank_card: Card) -> Path:
    path = tmp_path / "alice.card"
    CardImage.create(path, blank_card.state)
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_readers_are_told_in_one_line_and_stop_cleanly(number: signal.Signals, run: Run) -> None:
    with program("reader", "up", "--slots", 3, "--name", "Ward 3", "--json") as readers:
        assert set(readers.json) == {"readers", "ports", "socket"}
        assert readers.json["readers"] == ["Ward 3 00 00", "Ward 3 00 01", "Ward 3 2 00 00"]
        assert len(set(readers.json["ports"])) == 3
        seen = run("opensc-tool", "--list-readers", **{SOCKET_VARIABLE: str(readers.socket)})
        daemon = readers.daemon
        assert readers.stop(number) == (ExitCode.DONE, "", "")
    for name in readers.json["readers"]:
        assert f" {name}\n" in seen.stdout
    assert not Path(f"/proc/{daemon}").exists()
    assert not readers.socket.parent.parent.exists()


def test_readers_that_are_killed_leave_nothing_behind() -> None:
    with program("reader", "up", "--json") as readers:
        daemon = readers.daemon
        readers.stop(signal.SIGKILL)
        until(lambda: not Path(f"/proc/{daemon}").exists(), "pcscd runs on")
        until(lambda: not readers.socket.parent.parent.exists(), "the folder is still there")


def test_people_are_told_what_to_do_next() -> None:
    with program("reader", "up", "--slots", "1") as readers:
        assert readers.process.stdout is not None
        said = readers.line
        while "Ctrl-C" not in said:
            line = readers.process.stdout.readline()
            assert line, "it ended early"
            said += line
        assert readers.stop(signal.SIGINT)[0] == ExitCode.DONE
    assert "export PCSCLITE_CSOCK_NAME=" in said
    assert "selfrenew-emulator card insert" in said


def test_a_card_is_seen_while_it_is_in_and_again_after_pcscd_was_killed(
    image: Path, run: Run
) -> None:
    with program("reader", "up", "--json") as readers:
        name, port = readers.json["readers"][0], readers.json["ports"][0]
        variable = {SOCKET_VARIABLE: str(readers.socket)}

        def is_in() -> bool:
            told = run("opensc-tool", "--reader", name, "--name", **variable)
            return told.stdout.strip() == "Personal Identity Verification Card"

        with program("card", "insert", image, "--port", port) as card:
            assert str(image) in card.line
            assert is_in()
            os.kill(readers.daemon, signal.SIGKILL)
            until(is_in, "the card is not there again")
            assert card.stop(signal.SIGINT) == (ExitCode.DONE, "", "")
        until(lambda: not is_in(), "the card is still there")
        assert readers.stop(signal.SIGINT)[0] == ExitCode.DONE


def test_a_slot_that_holds_a_card_takes_no_second(image: Path, blank_card: Card) -> None:
    other = image.with_name("bob.card")
    CardImage.create(other, blank_card.state)
    with program("reader", "up", "--json") as readers:
        port = readers.json["ports"][0]
        with (
            program("card", "insert", image, "--port", port),
            program("card", "insert", other, "--port", port) as second,
        ):
            out, err = second.process.communicate(timeout=TIMEOUT_SECONDS)
    assert second.process.returncode == ExitCode.READER_UNAVAILABLE
    assert (second.line, out) == ("", "")
    assert err.count("\n") == 1
    assert "Another card is in it" in err


def test_a_taken_port_is_one_line_with_its_exit_code() -> None:
    with program("reader", "up", "--json") as first:
        port = first.json["ports"][0]
        with program("reader", "up", "--slots", "1", "--port", port) as second:
            _, err = second.process.communicate(timeout=TIMEOUT_SECONDS)
    assert second.process.returncode == ExitCode.READER_UNAVAILABLE
    assert err.count("\n") == 1
    assert f"Listening on 127.0.0.1:{port} for a card failed" in err
