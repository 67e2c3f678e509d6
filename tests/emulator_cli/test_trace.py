# SPDX-License-Identifier: Apache-2.0
"""`trace`, vpcd's side played by a socket of the test."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfrenew_emulator.card import Card, CardImage
from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.trace import read_trace

from .conftest import starting

POWER_ON = b"\x01"
SELECT = bytes.fromhex("00A4040005A000000308")
VERIFY = bytes.fromhex("0020008008313233343536FFFF")
TRIES = bytes.fromhex("00200080")
TIMEOUT_SECONDS = 60
Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def make_image(folder: Path) -> Path:
    card = Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(1)
    )
    path = folder / "alice.card"
    CardImage.create(path, card.state)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_image(tmp_path)


class Slot:
    """vpcd's side of one stay of a card."""

    def __init__(self, listener: socket.socket) -> None:
        self._socket, _ = listener.accept()
        self._socket.settimeout(TIMEOUT_SECONDS)
        self.say(POWER_ON)

    def say(self, message: bytes) -> None:
        self._socket.sendall(len(message).to_bytes(2, "big") + message)

    def ask(self, *commands: bytes) -> list[bytes]:
        answers = []
        with self._socket.makefile("rb") as said:
            for command in commands:
                self.say(command)
                answers.append(said.read(int.from_bytes(said.read(2), "big")))
        return answers

    def close(self) -> None:
        self._socket.close()


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT_SECONDS)
        yield listener


@pytest.fixture
def driver() -> Iterator[socket.socket]:
    with listening() as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A trace of three commands, and their answers."""
    folder = tmp_path_factory.mktemp("recorded")
    file = folder / "desk.trace"
    with starting() as start, listening() as driver:
        image = make_image(folder)
        process = start("trace", "record", file, "--image", image, "--port", port_of(driver))
        slot = Slot(driver)
        assert process.stdout is not None
        assert "is in the reader" in process.stdout.readline()
        answers = slot.ask(SELECT, VERIFY, TRIES)
        process.send_signal(signal.SIGTERM)
        slot.close()
        assert process.communicate(timeout=TIMEOUT_SECONDS)[1] == ""
        assert process.returncode == ExitCode.DONE
    return file, answers


def test_a_card_image_is_recorded_until_the_program_is_stopped(
    recorded: tuple[Path, list[bytes]],
) -> None:
    file, answers = recorded
    assert answers[1:] == [b"\x90\x00", b"\x90\x00"]
    commands = [event.content for event in read_trace(file).events if event.kind.value == "command"]
    assert [str(each) for each in commands] == [
        SELECT.hex().upper(),
        "0020008008" + "**" * 8,
        "00200080",
    ]


def test_a_trace_answers_as_the_card_did(
    recorded: tuple[Path, list[bytes]], start_program: Start, driver: socket.socket
) -> None:
    file, answers = recorded
    process = start_program("trace", "replay", file, "--port", port_of(driver))
    slot = Slot(driver)
    assert slot.ask(SELECT, VERIFY, TRIES) == answers
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    slot.close()
    assert process.communicate(timeout=TIMEOUT_SECONDS) == ("", "")
    assert process.returncode == ExitCode.DONE


def test_a_difference_is_shown_when_it_comes_and_has_an_exit_code(
    recorded: tuple[Path, list[bytes]], start_program: Start, driver: socket.socket
) -> None:
    file, answers = recorded
    process = start_program("trace", "replay", file, "--port", port_of(driver))
    slot = Slot(driver)
    assert slot.ask(SELECT, TRIES, VERIFY) == [answers[0], b"\x6f\x00", b"\x6f\x00"]
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    assert "now, VERIFY: tries left of the APPLICATION PIN" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    slot.close()
    assert process.communicate(timeout=TIMEOUT_SECONDS) == ("", "")
    assert process.returncode == ExitCode.DIVERGED


def test_a_conversation_that_ends_early_differs_too_but_not_tolerantly(
    recorded: tuple[Path, list[bytes]], start_program: Start, driver: socket.socket
) -> None:
    file, _ = recorded
    for options, code in (((), ExitCode.DIVERGED), (("--tolerant",), ExitCode.DONE)):
        process = start_program("trace", "replay", file, *options, "--port", port_of(driver))
        slot = Slot(driver)
        slot.ask(SELECT)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        slot.close()
        said = process.communicate(timeout=TIMEOUT_SECONDS)[1]
        assert process.returncode == code
        assert ("ended before line 5" in said) is (code is ExitCode.DIVERGED)


def test_a_trace_is_shown_for_people_and_for_programs(
    recorded: tuple[Path, list[bytes]], run_program: Run
) -> None:
    shown = run_program("trace", "show", recorded[0])
    assert "VERIFY of the APPLICATION PIN" in shown.stdout
    said = json.loads(run_program("trace", "show", recorded[0], "--json").stdout)
    assert "SELECT of the application A000000308" in [each["words"] for each in said["events"]]


def test_an_export_is_whole_and_overwrites_only_when_told(
    recorded: tuple[Path, list[bytes]], run_program: Run, tmp_path: Path
) -> None:
    target = tmp_path / "desk.pcapng"
    assert run_program("trace", "export", recorded[0], target).returncode == ExitCode.DONE
    assert target.read_bytes().startswith(bytes.fromhex("0A0D0D0A"))
    target.write_text("mine")
    refused = run_program("trace", "export", recorded[0], target)
    assert refused.returncode == ExitCode.TRACE_UNUSABLE
    assert "--force" in refused.stderr
    assert target.read_text() == "mine"
    assert run_program("trace", "export", recorded[0], target, "--force").returncode == 0
    nowhere = run_program("trace", "export", recorded[0], tmp_path / "none" / "desk.pcapng")
    assert nowhere.returncode == ExitCode.TRACE_UNUSABLE
    assert nowhere.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["show", "replay", "export"])
@pytest.mark.parametrize("content", [None, "", "{}\n", '{"format": "selfrenew-trace"}\n'])
def test_a_trace_that_is_none_is_one_line_and_nothing_is_written(
    run_program: Run, tmp_path: Path, verb: str, content: str | None
) -> None:
    path = tmp_path / "odd.trace"
    if content is not None:
        path.write_text(content)
    before = sorted(tmp_path.iterdir())
    further = [tmp_path / "odd.pcapng"] if verb == "export" else []
    ended = run_program("trace", verb, path, *further)
    assert ended.returncode == ExitCode.TRACE_UNUSABLE
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


def test_a_card_that_is_not_there_leaves_no_file(run_program: Run, tmp_path: Path) -> None:
    ended = run_program(
        "trace", "record", tmp_path / "desk.trace", "--image", tmp_path / "none.card"
    )
    assert ended.returncode == ExitCode.READER_UNAVAILABLE
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_which_card_is_meant_has_to_be_said(run_program: Run, tmp_path: Path, image: Path) -> None:
    for options in ((), ("--image", image, "--reader", "Desk")):
        ended = run_program("trace", "record", tmp_path / "desk.trace", *options)
        assert ended.returncode == ExitCode.USAGE
        assert "either --reader NAME or --image IMAGE" in ended.stderr


def test_a_trace_that_is_there_is_not_overwritten(
    run_program: Run, tmp_path: Path, image: Path
) -> None:
    file = tmp_path / "desk.trace"
    file.write_text("mine")
    ended = run_program("trace", "record", file, "--image", image)
    assert ended.returncode == ExitCode.TRACE_UNUSABLE
    assert file.read_text() == "mine"
