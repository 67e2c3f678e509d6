# SPDX-License-Identifier: Apache-2.0
"""A project of somebody else's, that pytest is run on in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")


@dataclass(frozen=True)
class Ended:
    """What pytest said, and how many tests came to what."""

    text: str
    counts: dict[str, int]


RunPytest = Callable[..., Ended]


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """Run pytest on a test file, with settings of the configuration file by their names."""

    def run(code: str, *arguments: str, ci: str = "", **settings: str) -> Ended:
        lines = [f"{name} = {value}" for name, value in settings.items()]
        (tmp_path / "pytest.ini").write_text("\n".join(["[pytest]", *lines]))
        (tmp_path / "test_it.py").write_text("import pytest\n" + code)
        ended = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={**os.environ, "CI": ci, "COLUMNS": "300"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        text = ended.stdout + ended.stderr
        last = text.strip().splitlines()[-1] if text.strip() else ""
        return Ended(text, {kind: int(number) for number, kind in _COUNT.findall(last)})

    return run
