# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from .conftest import RunPytest

_STAGE = """
from selfrenew_emulator.stage.remote import RemoteStage

class Talkative(RemoteStage):
    def __init__(self):
        pass

    def collect_logs(self, folder):
        folder.mkdir(parents=True)
        (folder / "ca.log").write_text("why")

@pytest.fixture
def apart():
    return Talkative()

@pytest.mark.parametrize("where", ["here/there"])
def test_it(apart, where):
    assert {holds}
"""


@pytest.mark.parametrize(
    ("holds", "logs"), [("False", ["test_it-here-there-/ca.log"]), ("True", [])]
)
def test_what_programs_said_is_kept_of_a_test_that_failed(
    run_pytest: RunPytest, tmp_path: Path, holds: str, logs: list[str]
) -> None:
    run_pytest(
        _STAGE.format(holds=holds), "-p", "selfrenew_steps.stage", "--stage-logs", str(tmp_path)
    )
    assert [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.log")] == logs
