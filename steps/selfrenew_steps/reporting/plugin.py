# SPDX-License-Identifier: Apache-2.0
"""`pytest --report DIR`: what came of each scenario, for programs and for people.

Written when the run ends, into `DIR/STAGE`, or `DIR/STAGE-browser` with `--browser`: `run.json`,
`cucumber.json`, `junit.xml`, `index.html` and `screenshots/`. Works under pytest-xdist: a worker
sends what it found of a scenario with the report of its end.
"""

import subprocess
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pluggy import Result
from pydantic import TypeAdapter
from pytest_bdd.parser import Scenario
from pytest_bdd.reporting import ScenarioReport, scenario_reports_registry
from pytest_bdd.scenario import scenario_wrapper_template_registry

from .cucumber import cucumber_json
from .page import render_page
from .record import (
    Outcome,
    RunRecord,
    ScenarioResult,
    StepResult,
    by_stage,
    replace_file,
    write_record,
)
from .wanted import OPTION, SCREENSHOTS, report_folder, screenshots_taken, stage_name, with_browser

_RESULT = TypeAdapter(ScenarioResult)
_PHASES = pytest.StashKey[list[pytest.TestReport]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--report",
        dest=OPTION,
        type=Path,
        metavar="DIR",
        help="write what came of each scenario, with screenshots, into DIR/STAGE",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    folder = report_folder(config)
    if folder is None:
        return
    try:
        (folder / SCREENSHOTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(
            f"--report: making the folder {folder} failed ({error.strerror}); name another."
        ) from error
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Worker(), "selfrenew-report-worker")
        return
    # pytest's own writer, which is set up after this.
    config.option.xmlpath = config.option.xmlpath or str(folder / "junit.xml")
    config.pluginmanager.register(_Worker(), "selfrenew-report-worker")
    config.pluginmanager.register(_Writer(config, folder), "selfrenew-report-writer")


class _Worker:
    """Gathers what is known of a scenario where it is run, and sends it with its last report."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Result[pytest.TestReport], None]:
        stopped = scenario_reports_registry.get(item)
        if call.when == "call" and call.excinfo is not None and stopped is not None:
            _stop(stopped, skipped=call.excinfo.errisinstance(pytest.skip.Exception))
        outcome = yield
        scenario = _scenario(item)
        if scenario is None:
            return
        report = outcome.get_result()
        phases = item.stash.setdefault(_PHASES, [])
        phases.append(report)
        if report.when == "teardown":
            result = _result(item, *scenario, phases)
            # Whatever is in there is sent by xdist, as long as JSON can say it.
            vars(report)["scenario_result"] = _RESULT.dump_python(result, mode="json")


class _Writer:
    """Gathers what the workers send, or this process found, and writes it at the end."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._started = datetime.now(UTC)
        self._results: list[ScenarioResult] = []
        self._broken_off: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = getattr(report, "scenario_result", None)
        if result is not None:
            self._results.append(_RESULT.validate_python(result))
        elif report.when not in {"setup", "call", "teardown"}:
            # How xdist tells of a worker that died.
            self._broken_off.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if not self._results and not self._broken_off:
            # Nothing is known, so what the last run found stays.
            return
        ended = datetime.now(UTC)
        record = RunRecord(
            stage_name(self._config),
            with_browser(self._config),
            ended,
            (ended - self._started).total_seconds(),
            _revision(self._config.rootpath),
            tuple(sorted(self._results, key=lambda each: each.key)),
            tuple(self._broken_off),
        )
        write_record(record, self._folder)
        replace_file(self._folder / "cucumber.json", cucumber_json(record, self._folder))
        replace_file(self._folder / "index.html", render_page(by_stage([record])))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._results:
            terminalreporter.write_line(f"report: {self._folder / 'index.html'}")


def _revision(folder: Path) -> str:
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""


def _scenario(item: pytest.Item) -> tuple[str, dict[str, str], Scenario] | None:
    """Give a scenario's title, its row of examples, and the scenario with the row filled in."""
    if not isinstance(item, pytest.Function):
        return None
    template = scenario_wrapper_template_registry.get(item.obj)
    if template is None:
        return None
    row: Any = getattr(item, "callspec", None)
    example = {} if row is None else dict(row.params.get("_pytest_bdd_example", {}))
    return template.name, example, template.render(example)


def _stop(report: ScenarioReport, *, skipped: bool) -> None:
    """Have the step that ended the scenario known, where pytest-bdd did not see it end."""
    steps = report.step_reports
    if steps and not skipped and not any(step.failed for step in steps):
        report.fail()


def _result(
    item: pytest.Item,
    title: str,
    example: dict[str, str],
    scenario: Scenario,
    phases: list[pytest.TestReport],
) -> ScenarioResult:
    failed = [each for each in phases if each.failed]
    # A scenario that was skipped may still fail as it is cleaned up after.
    wrong = next(iter([*failed, *(each for each in phases if each.skipped)]), None)
    ended = Outcome.PASSED if wrong is None else Outcome(wrong.outcome)
    steps = _steps(item, scenario)
    in_step = any(step.outcome is Outcome.FAILED for step in steps)
    around = "" if ended is not Outcome.FAILED or in_step else "before"
    if around and wrong is not None and wrong.when == "teardown":
        around = "after"
    return ScenarioResult(
        feature=scenario.feature.name,
        feature_file=scenario.feature.rel_filename,
        rule=scenario.rule.name if scenario.rule else None,
        title=title,
        name=scenario.name,
        example=example,
        line=scenario.line_number,
        tags=_tags(scenario),
        outcome=ended,
        seconds=sum(each.duration for each in phases),
        steps=steps,
        failure="" if wrong is None else _one_line(wrong),
        details="\n\n".join(each.longreprtext for each in failed),
        failed_around_steps=around,
        screenshots=screenshots_taken(item),
    )


def _tags(scenario: Scenario) -> tuple[str, ...]:
    of_rule = scenario.rule.tags if scenario.rule else set()
    return tuple(sorted(scenario.tags | scenario.feature.tags | of_rule))


def _steps(item: pytest.Item, scenario: Scenario) -> tuple[StepResult, ...]:
    seen = scenario_reports_registry.get(item)
    reports = [] if seen is None else seen.step_reports
    results: list[StepResult] = []
    for number, step in enumerate(scenario.steps):
        report = reports[number] if number < len(reports) else None
        outcome, seconds = Outcome.SKIPPED, 0.0
        ended_before = any(each.outcome is Outcome.FAILED for each in results)
        if report is not None and report.stopped is not None and not ended_before:
            outcome = Outcome.FAILED if report.failed else Outcome.PASSED
            seconds = report.duration
        results.append(StepResult(step.keyword, step.name, step.line_number, outcome, seconds))
    return tuple(results)


def _one_line(report: pytest.TestReport) -> str:
    match report.longrepr:
        case (_, _, reason):
            text = str(reason).removeprefix("Skipped: ")
        case _:
            crash: Any = getattr(report.longrepr, "reprcrash", None)
            text = report.longreprtext if crash is None else crash.message
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else ""
