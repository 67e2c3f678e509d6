# SPDX-License-Identifier: Apache-2.0
"""The projects of docs/examples pass here; ci/package.py runs them with the wheel alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/pytest.ini"))


def test_each_example_is_a_project_or_another_languages_program() -> None:
    assert len(PROJECTS) == 4
    others = {path.name for path in EXAMPLES.iterdir() if path.is_dir()} - set(PROJECTS)
    assert others == {"java_card"}


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_passes(project: str, tmp_path: Path) -> None:
    copy = tmp_path / project
    shutil.copytree(EXAMPLES / project, copy)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=copy,
        # Through pcscd the example is run where the wheel is; here it may be skipped.
        env={**os.environ, "CI": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = ended.stdout.splitlines()[-1]
    if " passed" not in said:
        pytest.skip(said)
