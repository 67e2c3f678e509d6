# SPDX-License-Identifier: Apache-2.0
"""`campaign` as a script runs it: exit codes, one case repeated, Ctrl-C, and going on."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from selfrenew_emulator.cli import ExitCode

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = ("--scenario", "change-passcode", "--key-type", "p256", "--personality", "piv")
TIMEOUT_SECONDS = 120


def test_a_campaign_tells_its_counts_and_writes_its_report(
    run_program: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    ended = run_program(
        "campaign", *SMALL, "--sample", 3, "--workers", 1, "--report", folder, "--json"
    )
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (ExitCode.DONE, "3 cases.")
    told = json.loads(ended.stdout)
    assert (told["cases"], told["failures"]) == (3, [])
    assert {path.name for path in folder.iterdir()} >= {
        "index.html",
        "campaign.json",
        "junit.xml",
    }


def test_one_case_is_played_and_shown(run_program: Run) -> None:
    line = "renewal p256 piv | card.removed:after=GENERATE,slot=9c"
    ended = run_program("campaign", "--replay", line)
    assert ended.returncode == ExitCode.DONE
    assert "GENERATE ASYMMETRIC KEY PAIR 9C: the card is out" in ended.stdout
    assert "recovered; what struck: card.removed." in ended.stdout


def test_a_broken_program_ends_with_a_code_of_its_own(run_program: Run) -> None:
    line = "renewal p256 piv | card.removed:after=GENERATE,slot=9c"
    ended = run_program(
        "campaign", "--client", "tests.campaign.mutants:silent", "--replay", line, "--json"
    )
    assert ended.returncode == ExitCode.INVARIANT_BROKEN == 11
    assert "it was told to be done, and is not" in json.loads(ended.stdout)["violations"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--replay", "renewal p256 piv | card.eaten"), 2, "Known: ca."),
        (("--replay", "holiday"), 2, "is no case of a campaign"),
        (("--client", "nothing:here", *SMALL), 12, "Opening the program under test"),
        (("--scenario", "holiday"), 2, "holiday"),
    ],
)
def test_what_cannot_be_played_is_told_with_what_is_known(
    run_program: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = run_program("campaign", *arguments)
    assert (ended.returncode, said in ended.stderr) == (code, True)
    assert "Traceback" not in ended.stderr


def test_ctrl_c_keeps_what_there_is_and_the_next_one_goes_on(
    start_program: Start, tmp_path: Path
) -> None:
    book = tmp_path / "results"
    every = ("campaign", *SMALL, "--workers", 1, "--resume", book, "--json")
    process = start_program(*every)
    assert process.stderr is not None
    planned = int(process.stderr.readline().split()[0])
    wait_for_results(book)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, "Traceback" in stderr) == (ExitCode.INTERRUPTED, False)
    first = json.loads(stdout)
    assert first["interrupted"]
    assert 0 < first["cases"] < planned
    again = start_program(*every)
    stdout, stderr = again.communicate(timeout=TIMEOUT_SECONDS)
    assert again.returncode == ExitCode.DONE, stderr
    second = json.loads(stdout)
    assert (second["cases"], second["played"]) == (planned, planned - first["cases"])


@pytest.mark.parametrize("killed", [False, True], ids=["done", "killed"])
def test_a_campaign_leaves_no_process_and_no_stage_behind(
    start_program: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    book = tmp_path / "results"
    number = () if killed else ("--sample", 3)
    process = start_program("campaign", *SMALL, *number, "--workers", 1, "--resume", book)
    if killed:
        assert process.stderr is not None
        process.stderr.readline()
        wait_for_results(book)
        process.kill()
    # All of its processes have its output open, so that this ends with the last of them.
    process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == (-signal.SIGKILL if killed else ExitCode.DONE)
    assert list(tmp_path.glob("selfrenew-stage-*")) == []


def wait_for_results(book: Path) -> None:
    """Wait until a result is there, behind the head; the process's end ends the wait too."""
    with book.open() as file:
        while True:
            if file.readline().endswith("\n") and file.readline().endswith("\n"):
                return
            file.seek(0)
