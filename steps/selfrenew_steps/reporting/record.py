# SPDX-License-Identifier: Apache-2.0
"""What came of the scenarios of a run: a record that is written as JSON, and read again."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, unique
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

RECORD = "run.json"


@unique
class Outcome(StrEnum):
    """What became of a step, a scenario or a feature."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step, its examples filled in; skipped where a step before it ended the scenario."""

    keyword: str
    text: str
    line: int
    outcome: Outcome
    seconds: float


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario, or one row of an outline's examples.

    `title` is as the feature has it, so that the scenario is found there; `name` has the row filled
    in. `failure` is one line, `details` the whole of what pytest tells. `before` and `after` say
    what failed around the steps. Screenshots are paths below the record's folder.
    """

    feature: str
    feature_file: str
    rule: str | None
    title: str
    name: str
    example: Mapping[str, str]
    line: int
    tags: tuple[str, ...]
    outcome: Outcome
    seconds: float
    steps: tuple[StepResult, ...]
    failure: str = ""
    details: str = ""
    failed_around_steps: str = ""
    """'before' or 'after', where it was not a step that failed."""
    screenshots: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What is the same in every run of this scenario."""
        return (self.feature_file, self.title, tuple(self.example.values()))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of pytest on one stage, with a browser or without.

    `revision` names the state of the source where that is known. `broken_off` names tests whose
    process ended before anything was known of them.
    """

    stage: str
    browser: bool
    ended: datetime
    seconds: float
    revision: str
    scenarios: tuple[ScenarioResult, ...]
    broken_off: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of the folder in which this run replaces the one before it."""
        return run_folder(self.stage, browser=self.browser)


class RecordError(Exception):
    """A file is there, and is no record of a run."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"Reading {path} as the record of a run failed: {reason}. Run again.")


_FILE = TypeAdapter(RunRecord)


def run_folder(stage: str, *, browser: bool) -> str:
    """Name a run's folder: one each for the stage and for its pages in a browser."""
    return f"{stage}-browser" if browser else stage


def write_record(record: RunRecord, folder: Path) -> None:
    """Write it into a folder, at once and whole."""
    replace_file(folder / RECORD, _FILE.dump_json(record, indent=1).decode())


def replace_file(path: Path, text: str) -> None:
    """Have a file hold this; whoever reads it meanwhile reads the old text or the new."""
    # Runs beside each other may write the same file.
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def read_records(report: Path) -> list[RunRecord]:
    """Read the last run of each kind; screenshots are given from `report`. Raise RecordError."""
    found = []
    for path in sorted(report.glob(f"*/{RECORD}")):
        try:
            record = _FILE.validate_json(path.read_bytes())
        except ValidationError as error:
            raise RecordError(path, error.errors()[0]["msg"]) from error
        found.append(_seen_from_above(record, path.parent.name))
    return found


def _seen_from_above(record: RunRecord, folder: str) -> RunRecord:
    return replace(
        record,
        scenarios=tuple(
            replace(each, screenshots=tuple(f"{folder}/{file}" for file in each.screenshots))
            for each in record.scenarios
        ),
    )


@dataclass(frozen=True, slots=True)
class StageResults:
    """The last result of each scenario on one stage, and the runs that they are from."""

    stage: str
    runs: tuple[RunRecord, ...]
    scenarios: tuple[ScenarioResult, ...]

    def of(self, feature: str) -> list[ScenarioResult]:
        """Give the results of a feature, by its name."""
        return [each for each in self.scenarios if each.feature == feature]

    @property
    def features(self) -> list[str]:
        """The names of the features, in order."""
        return sorted({each.feature for each in self.scenarios})

    @property
    def tally(self) -> "Tally":
        """All scenarios, counted."""
        return Tally.of(self.scenarios)

    @property
    def failed(self) -> bool:
        """Whether anything failed, or ended before it was known."""
        return bool(self.tally.failed or any(run.broken_off for run in self.runs))


@dataclass(frozen=True, slots=True)
class Tally:
    """Scenarios counted, and the time that those took together which were run."""

    passed: int
    failed: int
    skipped: int
    seconds: float

    @classmethod
    def of(cls, scenarios: Iterable[ScenarioResult]) -> "Tally":
        """Count."""
        counted = list(scenarios)
        outcomes = [each.outcome for each in counted]
        return cls(
            outcomes.count(Outcome.PASSED),
            outcomes.count(Outcome.FAILED),
            outcomes.count(Outcome.SKIPPED),
            sum(each.seconds for each in counted if each.outcome is not Outcome.SKIPPED),
        )

    @property
    def run(self) -> int:
        """How many were run."""
        return self.passed + self.failed

    @property
    def outcome(self) -> Outcome:
        """What stands for all."""
        if self.failed:
            return Outcome.FAILED
        return Outcome.PASSED if self.passed else Outcome.SKIPPED

    def __str__(self) -> str:
        counted = f"{self.passed} of {self.run}" if self.run else "not run"
        return f"{counted} ({self.skipped} not run)" if self.run and self.skipped else counted


def by_stage(records: Iterable[RunRecord]) -> list[StageResults]:
    """Put the runs on each stage together; what was run counts before what was skipped."""
    runs: dict[str, list[RunRecord]] = {}
    for record in sorted(records, key=lambda each: each.ended):
        runs.setdefault(record.stage, []).append(record)
    return [_together(stage, runs[stage]) for stage in sorted(runs)]


def _together(stage: str, runs: list[RunRecord]) -> StageResults:
    last: dict[object, ScenarioResult] = {}
    for result in (each for run in runs for each in run.scenarios):
        if result.outcome is not Outcome.SKIPPED or result.key not in last:
            last[result.key] = result
    return StageResults(
        stage, tuple(runs), tuple(sorted(last.values(), key=lambda each: (each.feature, each.line)))
    )
