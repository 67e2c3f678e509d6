# SPDX-License-Identifier: Apache-2.0
"""docs/examples/java_card, compiled: a Java program told by its environment alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

_SOURCE = Path(__file__).parents[1] / "docs/examples/java_card/PivCheck.java"


class JavaProgram:
    """Compiles the example into a folder, without a warning, and runs it.

    Skips, or fails in CI, where there is no javac.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("javac")
        if compiler is None:
            text = "There is no javac: apt-get install default-jdk-headless"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(text)
        options = ["-Werror", "-Xlint:all", "-d", str(folder)]
        subprocess.run([str(compiler), *options, str(_SOURCE)], check=True)  # noqa: S603  our own
        self._folder = folder

    def run(self, socket: str, reader: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run it on the pcscd at a socket; `variables` are more of its environment."""
        environ = {
            **os.environ,
            SOCKET_VARIABLE: socket,
            "PIV_READER": reader,
            "PIV_PASSCODE": "123456",
            **variables,
        }
        return subprocess.run(  # noqa: S603  the program under test
            [shutil.which("java") or "java", "-cp", str(self._folder), "PivCheck"],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
