# SPDX-License-Identifier: Apache-2.0
"""What `reader up` refuses before it starts a pcscd; what it does with one is in tests/pcsc."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from selfrenew_emulator.cli import ExitCode

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--name", 'a"b'], "names no reader"),
        (["--name", "a", "--name", "b"], "1 different names are enough"),
        (["--slots", "0"], "not in the range"),
        (["--slots", "17"], "not in the range"),
        (["--port", "65535"], "go beyond 65535"),
    ],
)
def test_readers_that_cannot_be_are_an_error_of_usage(
    run_program: Run, arguments: list[str], told: str
) -> None:
    ended = run_program("reader", "up", *arguments)
    assert ended.returncode == ExitCode.USAGE
    assert told in ended.stderr
    assert ended.stdout == ""


def test_a_pcscd_that_is_too_old_is_one_line_with_its_exit_code(
    run_program: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pcscd"
    program.write_text("#!/bin/sh\necho pcsc-lite version 1.8.26.\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    ended = run_program("reader", "up", "--json")
    assert ended.returncode == ExitCode.READER_UNAVAILABLE
    assert ended.stderr.count("\n") == 1
    assert "Update pcscd" in ended.stderr
    assert ended.stdout == ""
