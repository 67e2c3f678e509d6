# SPDX-License-Identifier: Apache-2.0
"""What runs on others' machines are the commands of this project, and parts that there are."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = [ROOT / ".github/workflows/ci.yml", ROOT / "ci/gitlab-ci.yml"]


def environments() -> set[str]:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    return {name.removeprefix("testenv:") for name in tox.sections() if ":" in name}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_ci_test_with_parts_that_there_are(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    commands = re.findall(r"^\s+- (?:run: )?(ci/\S+)(?: -e (\S+))?$", text, re.MULTILINE)
    assert ("ci/test", "") in commands
    for script, parts in commands:
        assert (ROOT / script).stat().st_mode & 0o100
        assert set(filter(None, parts.split(","))) <= environments()


def test_each_environment_that_is_run_by_default_is_checked_or_measured() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    labelled = {
        name for each in re.findall(r"= (.*)", tox["tox"]["labels"]) for name in each.split(", ")
    }
    assert labelled == set(tox["tox"]["env_list"].split(", "))
