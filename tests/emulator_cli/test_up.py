# SPDX-License-Identifier: Apache-2.0
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.stage import bind

COMMAND = (sys.executable, "-c", "from selfrenew_emulator.cli import main; main()")
TIMEOUT_SECONDS = 60
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def stage(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603  the test's own arguments
        [*COMMAND, "up", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    process.send_signal(number)
    return process.communicate(timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_prints_one_line_of_json_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals, run_program: Run
) -> None:
    with stage("--json", "--state", tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        made = run_program("card", "make", tmp_path / "bob.card", "--name", "Bob Brown")
        rest, errors = stop(process, number)
    assert (process.returncode, rest, errors) == (ExitCode.DONE, "", "")
    assert (made.returncode, made.stderr) == (ExitCode.DONE, "")
    assert set(ready) == {
        "cmp",
        "root",
        "enrolment",
        "management",
        "spine",
        "mail",
        "mail_folder",
        "config",
        "portal_config",
    }
    assert ready["cmp"].startswith("http://127.0.0.1:")
    for file in (ready["root"], ready["config"], ready["enrolment"]["secret_file"]):
        assert Path(file).is_file()
    assert (tmp_path / "alice.card").is_file()
    assert Path(ready["mail_folder"]).is_dir()


def test_a_fault_strikes_the_ca_and_no_card_that_is_made(tmp_path: Path, run_program: Run) -> None:
    with stage("--state", tmp_path, "--fault", "ca.unreachable") as process:
        assert process.stdout is not None
        text = ""
        while "Ctrl-C stops it." not in text:
            text += (line := process.stdout.readline())
            assert line, "up ended early"
        port = re.search(r"CA \(CMP\) +http://127\.0\.0\.1:(\d+)/", text)
        made = run_program("card", "make", tmp_path / "bob.card")
        assert port is not None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port[1])))
        ended = stop(process, signal.SIGTERM)
    assert made.returncode == ExitCode.DONE, made.stderr
    assert (process.returncode, *ended) == (ExitCode.DONE, "What struck: ca.unreachable.\n", "")


def test_a_fault_of_another_program_is_refused(run_program: Run) -> None:
    refused = run_program("up", "--fault", "card.removed:at=3")
    assert refused.returncode == ExitCode.USAGE
    assert "card.removed" in refused.stderr


def test_the_folder_serves_the_next_start_and_keeps_its_card(tmp_path: Path) -> None:
    lines, cards = [], []
    for _ in range(2):
        with stage("--json", "--state", tmp_path) as process:
            assert process.stdout is not None
            lines.append(process.stdout.readline())
            stop(process, signal.SIGTERM)
        cards.append((tmp_path / "alice.card").read_bytes())
    assert lines[0] == lines[1]
    assert cards[0] == cards[1]


def test_people_are_told_what_to_do_next() -> None:
    with stage() as process:
        assert process.stdout is not None
        text = ""
        while "Ctrl-C stops it." not in text:
            line = process.stdout.readline()
            assert line, "up ended early"
            text += line
        stop(process, signal.SIGINT)
    assert "selfrenew --config" in text
    assert "openssl cmp -cmd ir" in text


def test_a_port_in_use_is_one_line_with_its_exit_code(run_program: Run) -> None:
    with bind() as taken:
        ended = run_program("up", "--port", taken.getsockname()[1])
    assert ended.returncode == ExitCode.PORT_TAKEN
    assert ended.stderr.count("\n") == 1


def test_a_folder_of_another_version_is_one_line_with_its_exit_code(
    tmp_path: Path, run_program: Run
) -> None:
    (tmp_path / "stage.json").write_text('{"format": 99}')
    ended = run_program("up", "--state", tmp_path)
    assert ended.returncode == ExitCode.STATE_UNUSABLE
    assert ended.stderr.count("\n") == 1
    assert "format 99" in ended.stderr


def test_help_opens_with_examples_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from selfrenew_emulator.cli import program; "
        "program.main(['--help'], standalone_mode=False); "
        "print({'cryptography', 'fastapi', 'rich', 'uvicorn'} & set(sys.modules))"
    )
    ended = subprocess.run(  # noqa: S603  the test's own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout.index("selfrenew-emulator up") < ended.stdout.index("Options:")
    assert ended.stdout.endswith("set()\n")
