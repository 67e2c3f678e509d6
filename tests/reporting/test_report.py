# SPDX-License-Identifier: Apache-2.0
"""What `--report` writes, of scenarios with every ending, in one process and in several."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from selfrenew_steps.reporting import (
    Outcome,
    RecordError,
    RunRecord,
    ScenarioResult,
    StageResults,
    by_stage,
    read_records,
    render_page,
)

SAMPLE = Path(__file__).parent
PICTURE = b"\x89PNG picture"
MARKS = 'markers = ["sample: all", "absent: not there"]'
# All that it takes: whatever else is installed is loaded by each process anew.
_PLUGINS = ("-p", "pytest_bdd.plugin", "-p", "xdist.plugin")
SKIPPING = """
import pytest
pytest_plugins = ["selfrenew_steps.reporting.plugin"]
def pytest_addoption(parser):
    parser.addoption("--stage", default="embedded")
    parser.addoption("--browser", action="store_true")
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("absent"):
            item.add_marker(pytest.mark.skip(reason="not there"))
"""


@dataclass
class Run:
    folder: Path
    code: int
    said: str

    @property
    def record(self) -> RunRecord:
        (found,) = read_records(self.folder)
        return found

    def result(self, title: str) -> ScenarioResult:
        (found,) = (each for each in self.record.scenarios if each.title == title)
        return found


def run(folder: Path, *arguments: str, **variables: str) -> Run:
    folder.mkdir(exist_ok=True)
    shutil.copy(SAMPLE / "sample.feature", folder)
    shutil.copy(SAMPLE / "sample_steps.py", folder / "test_sample.py")
    (folder / "conftest.py").write_text(SKIPPING)
    (folder / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{MARKS}\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *_PLUGINS, *arguments]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    } | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(  # noqa: S603  our own command
        command,
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(folder / "out", ended.returncode, ended.stdout + ended.stderr)


@pytest.fixture(scope="module", params=["0", "2"], ids=["one process", "xdist"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("whole")
    return run(folder, "-n", request.param, "--report", "out", SAMPLE_KEEPS="1")


def test_each_ending_is_told(whole: Run) -> None:
    assert whole.code == 1
    endings = {each.name: each.outcome for each in whole.record.scenarios}
    assert endings == {
        "It is read": Outcome.PASSED,
        "It is torn": Outcome.FAILED,
        "It is lost": Outcome.SKIPPED,
        "It is kept for a day": Outcome.FAILED,
        "It is kept for a month": Outcome.FAILED,
        "It is not tried": Outcome.SKIPPED,
    }


def test_the_step_that_failed_is_told_and_no_other(whole: Run) -> None:
    torn = whole.result("It is torn")
    assert [(step.keyword, step.text, step.outcome) for step in torn.steps] == [
        ("Given", "a card", Outcome.PASSED),
        ("When", "it is torn", Outcome.FAILED),
        ("Then", "a picture is taken", Outcome.SKIPPED),
    ]
    assert "the <chip> is gone" in torn.failure
    assert "is_torn" in torn.details
    assert torn.failed_around_steps == ""


def test_what_fails_after_the_steps_fails_the_scenario(whole: Run) -> None:
    kept = [each for each in whole.record.scenarios if each.example]
    assert [each.example for each in kept] == [{"time": "a day"}, {"time": "a month"}]
    for each in kept:
        assert {step.outcome for step in each.steps} == {Outcome.PASSED}
        assert each.failed_around_steps == "after"
        assert "the card was not given back" in each.failure
        assert each.rule == "Whoever takes a card gives it back"
        assert each.title == "It is kept for <time>"


def test_a_skipped_scenario_says_why(whole: Run) -> None:
    assert whole.result("It is lost").failure == "there is no reader"
    assert whole.result("It is not tried").failure == "not there"
    assert whole.result("It is not tried").tags == ("absent", "sample")


def test_a_screenshot_is_found_from_the_report(whole: Run) -> None:
    (file,) = whole.result("It is read").screenshots
    assert (whole.folder / file).read_bytes() == PICTURE
    assert whole.result("It is torn").screenshots == ()


def test_junit_tells_the_same(whole: Run) -> None:
    (suite,) = ET.parse(whole.folder / "embedded" / "junit.xml").getroot()  # noqa: S314  our own file
    cases = suite.findall("testcase")
    assert len({case.get("name") for case in cases}) == 6
    troubled = {case.get("name") for case in cases if case.find("*") is not None}
    assert len(troubled) == 5


def element(data: Any, name: str) -> Any:
    (feature,) = data
    return next(each for each in feature["elements"] if each["name"].startswith(name))


def test_cucumber_json_tells_the_same(whole: Run) -> None:
    data = json.loads((whole.folder / "embedded" / "cucumber.json").read_text())
    (feature,) = data
    assert feature["name"] == "Cards <&> readers"
    assert len({each["id"] for each in feature["elements"]}) == 6
    torn = element(data, "It is torn")
    assert [step["result"]["status"] for step in torn["steps"]] == ["passed", "failed", "skipped"]
    assert "the <chip> is gone" in torn["steps"][1]["result"]["error_message"]
    assert element(data, "It is kept for a month")["after"][0]["result"]["status"] == "failed"
    (embedded,) = element(data, "It is read")["after"][0]["embeddings"]
    assert base64.b64decode(embedded["data"]) == PICTURE
    statuses = {step["result"]["status"] for step in element(data, "It is not tried")["steps"]}
    assert statuses == {"skipped"}


def test_the_page_stands_alone_and_shows_what_failed(whole: Run) -> None:
    page = (whole.folder / "embedded" / "index.html").read_text()
    assert "Cards &lt;&amp;&gt; readers" in page
    assert "the &lt;chip&gt; is gone" in page
    assert "Not everything that was run passed" in page
    assert 'href="screenshots/' in page
    assert "<script" not in page
    assert "http" not in page.partition("</style>")[0]


def test_a_worker_that_dies_is_told(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "-n", "1", "--report", "out", "--maxfail", "1", "-k", "torn", SAMPLE_DIES="1"
    )
    assert ended.code != 0
    (broken,) = ended.record.broken_off
    assert "test_it_is_torn" in broken
    (stage,) = by_stage([ended.record])
    assert stage.failed
    assert "The run broke off in" in render_page([stage])


def test_without_the_option_nothing_is_written(tmp_path: Path) -> None:
    ended = run(tmp_path, "-n", "0", "-k", "read")
    assert ended.code == 0, ended.said
    assert not ended.folder.exists()


def test_a_run_without_scenarios_leaves_what_the_last_one_found(whole: Run) -> None:
    before = whole.record
    ended = run(whole.folder.parent, "-n", "0", "--report", "out", "-k", "no_such_scenario")
    assert ended.code == pytest.ExitCode.NO_TESTS_COLLECTED
    assert whole.record == before


def test_a_report_that_cannot_be_written_ends_at_once_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    ended = run(tmp_path, "-n", "0", "--report", "out")
    assert ended.code == pytest.ExitCode.USAGE_ERROR
    assert "--report: making the folder" in ended.said
    assert "Traceback" not in ended.said
    assert (tmp_path / "out").read_text() == "a file"


def test_a_damaged_record_is_told(whole: Run, tmp_path: Path) -> None:
    (tmp_path / "embedded").mkdir()
    text = (whole.folder / "embedded" / "run.json").read_text()
    (tmp_path / "embedded" / "run.json").write_text(text[: len(text) // 2])
    with pytest.raises(RecordError, match="Run again"):
        read_records(tmp_path)


@pytest.fixture
def together(whole: Run) -> Callable[..., StageResults]:
    record = whole.record

    def put(*changes: Callable[[ScenarioResult], ScenarioResult]) -> StageResults:
        records = [
            replace(
                record,
                ended=record.ended + timedelta(hours=number),
                scenarios=tuple(map(change, record.scenarios)),
            )
            for number, change in enumerate(changes)
        ]
        # Given in another order than that in which they ended.
        (stage,) = by_stage(reversed(records))
        return stage

    return put


def test_what_was_run_counts_before_what_was_skipped_later(
    together: Callable[..., StageResults],
) -> None:
    stage = together(
        lambda each: replace(each, outcome=Outcome.PASSED),
        lambda each: replace(each, outcome=Outcome.SKIPPED),
    )
    assert (stage.tally.passed, stage.tally.skipped) == (6, 0)
    assert not stage.failed


def test_the_later_of_two_runs_counts(together: Callable[..., StageResults]) -> None:
    stage = together(
        lambda each: replace(each, outcome=Outcome.PASSED),
        lambda each: replace(each, outcome=Outcome.FAILED),
    )
    assert (stage.tally.passed, stage.tally.failed) == (0, 6)
    assert str(stage.tally) == "0 of 6"
