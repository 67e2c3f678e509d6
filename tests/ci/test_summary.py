# SPDX-License-Identifier: Apache-2.0
"""The table after a run of all stages: what it counts, and how it ends."""

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from selfrenew_steps.reporting import Outcome, RunRecord, ScenarioResult
from selfrenew_steps.reporting.record import write_record

ROOT = Path(__file__).parents[2]
Main = Callable[[list[str]], int]


@pytest.fixture(scope="module")
def main() -> Main:
    path = ROOT / "ci" / "summary.py"
    specification = importlib.util.spec_from_file_location("summary", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found: Main = module.main
    return found


def result(feature: str, title: str, outcome: Outcome) -> ScenarioResult:
    return ScenarioResult(
        feature=feature,
        feature_file=f"features/{feature}.feature",
        rule=None,
        title=title,
        name=title,
        example={},
        line=1,
        tags=(),
        outcome=outcome,
        seconds=1.5,
        steps=(),
    )


def write(
    folder: Path, stage: str, *results: ScenarioResult, browser: bool = False, broken: str = ""
) -> None:
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    record = RunRecord(stage, browser, ended, 75.0, "", results, (broken,) if broken else ())
    (folder / record.folder).mkdir()
    write_record(record, folder / record.folder)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def rows(said: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.split("│")] for line in said.splitlines()]
    return {row[1]: row[2:-1] for row in cells if len(row) > 3}


def test_stages_stand_beside_each_other(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, page = result("Card", "A", Outcome.PASSED), result("Page", "B", Outcome.SKIPPED)
    write(tmp_path, "embedded", card, page)
    write(tmp_path, "embedded", result("Page", "B", Outcome.PASSED), browser=True)
    write(tmp_path, "pcsc", card, page)
    assert main([str(tmp_path)]) == 0
    assert rows(capsys.readouterr().out) == {
        "Card": ["1 of 1     1.5", "1 of 1     1.5"],
        "Page": ["1 of 1     1.5", "not run"],
        "all": ["2 of 2     3.0", "1 of 1 (1 not run)     1.5"],
        "the runs took": ["2 min 30 s", "1 min 15 s"],
    }
    page_text = (tmp_path / "index.html").read_text()
    assert "Every scenario that was run passed" in page_text


def test_a_failed_scenario_ends_with_1(main: Main, tmp_path: Path) -> None:
    write(tmp_path, "embedded", result("Card", "A", Outcome.FAILED))
    assert main([str(tmp_path)]) == 1
    assert "Not everything that was run passed" in (tmp_path / "index.html").read_text()


def test_a_run_that_broke_off_ends_with_1(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "pcsc", result("Card", "A", Outcome.PASSED), broken="test_it")
    assert main([str(tmp_path)]) == 1
    assert "The run on pcsc broke off in test_it." in capsys.readouterr().out


def test_without_a_report_it_says_how_to_make_one(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "pytest --report" in capsys.readouterr().err


def test_a_damaged_record_is_named(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pcsc").mkdir()
    (tmp_path / "pcsc" / "run.json").write_text("{}")
    assert main([str(tmp_path)]) == 2
    assert "pcsc/run.json" in capsys.readouterr().err
