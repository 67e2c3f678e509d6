# SPDX-License-Identifier: Apache-2.0
"""The journey by hand of docs/agent.md: its commands as they stand there, each at a terminal."""

import os
import pty
import re
import select
import shlex
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browser.moving import heading
from tests.cli.test_program import TIMEOUT_SECONDS, read_until

ROOT = Path(__file__).parent.parent.parent
_RECIPE = re.compile(r"<!-- recipe: runs as a test -->\n```\n(?P<commands>.*?)```", re.DOTALL)
_READY = {
    "selfrenew-emulator": "Ctrl-C stops it.",
    "portal": "The portal listens at",
    "agent": "The agent is running",
}


def recipe() -> list[list[str]]:
    """Give the commands of the document, their comments left out."""
    found = _RECIPE.search((ROOT / "docs" / "agent.md").read_text())
    assert found is not None
    return [shlex.split(line, comments=True) for line in found["commands"].splitlines()]


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_the_commands_lead_from_the_card_to_the_page(page: Any, tmp_path: Path) -> None:
    opened, script = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(opened)
    script.write_text(f"#!/bin/sh\nprintf %s \"$*\" > '{opened}'\n")
    script.chmod(0o755)
    programs = str(Path(sys.executable).parent)
    environ = {
        "PATH": os.pathsep.join((programs, os.environ["PATH"])),
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "BROWSER": str(script),
        # The recipe's own is one for the whole machine.
        "SELFRENEW_AGENT_PORT": free_port(),
    }
    with ExitStack() as stack:
        for command in recipe():
            program = shutil.which(command[0], path=environ["PATH"])
            assert program is not None
            ours, theirs = pty.openpty()
            stack.callback(os.close, ours)
            process = stack.enter_context(
                subprocess.Popen(  # noqa: S603  what the document says
                    [program, *command[1:]],
                    stdin=theirs,
                    stdout=theirs,
                    stderr=theirs,
                    env=environ,
                    cwd=tmp_path,
                )
            )
            os.close(theirs)
            stack.callback(process.terminate)
            ready = next(text for name, text in _READY.items() if name in command)
            said = read_until(ours, ready)
            assert ready in said
        for asked, answer in (
            ("Passcode: ", b"123456\n"),
            ("work in: ", b"1\n"),
            ("Yes / No: ", b"yes\n"),
        ):
            # The first may have been read already, with the line that the agent runs.
            said = said if asked in said else read_until(ours, asked)
            assert asked in said
            os.write(ours, answer)
            said = ""
        end = os.open(opened, os.O_RDWR)
        stack.callback(os.close, end)
        assert select.select([end], [], [], TIMEOUT_SECONDS)[0], "no browser was opened"
        page.goto(os.read(end, 4096).decode())
        heading(page, "Select service")
