# SPDX-License-Identifier: Apache-2.0
"""Each feature as a page, with what came of it in the last run on each stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pytest_bdd.parser import Feature, Rule, ScenarioTemplate

from ci.documentation.rendering import anchor, render
from ci.traceability import Holding, Sentence, encoded_sentences
from selfrenew_steps.reporting import (
    Outcome,
    ScenarioResult,
    StageResults,
    Tally,
    render_page,
)

_COPIED = ("index.html", "cucumber.json", "junit.xml")


@dataclass(frozen=True)
class StageOutcome:
    """What came of something on a stage; nothing was run there where there are no results."""

    stage: str
    results: tuple[ScenarioResult, ...]

    @property
    def tally(self) -> Tally:
        """The results, counted."""
        return Tally.of(self.results)

    @property
    def outcome(self) -> Outcome:
        """What stands for all."""
        return self.tally.outcome


@dataclass(frozen=True)
class Shown:
    """A scenario as its page shows it, with what came of it on each stage."""

    template: ScenarioTemplate
    outcomes: tuple[StageOutcome, ...]

    @property
    def rows(self) -> list[tuple[Sequence[str], list[tuple[str, ScenarioResult | None]]]]:
        """Each row of an outline's examples, with its result on each stage."""
        return [
            (row, [(each.stage, _of_row(each, row)) for each in self.outcomes])
            for examples in self.template.examples
            for row in examples.examples
        ]

    @property
    def columns(self) -> list[str]:
        """What the columns of the examples are called."""
        return self.template.examples[0].example_params if self.template.examples else []

    @property
    def troubled(self) -> list[tuple[str, ScenarioResult]]:
        """What failed, and where."""
        return [
            (each.stage, result)
            for each in self.outcomes
            for result in each.results
            if result.outcome is Outcome.FAILED
        ]

    @property
    def screenshots(self) -> list[tuple[str, ScenarioResult, str]]:
        """Pictures of the page, with stage and result."""
        return [
            (each.stage, result, file)
            for each in self.outcomes
            for result in each.results
            for file in result.screenshots
        ]


def _of_row(outcome: StageOutcome, row: Sequence[str]) -> ScenarioResult | None:
    found = (each for each in outcome.results if tuple(each.example.values()) == tuple(row))
    return next(found, None)


def page_of(name: str) -> str:
    """Name the page of a feature, by the name of its file."""
    return f"features/{name}.md"


def pages(
    features: Mapping[str, Feature], table: Sequence[Sentence], stages: Sequence[StageResults]
) -> dict[str, str]:
    """Make the pages of all features, their overview and the traceability table."""
    shown = {name: _shown(feature, stages) for name, feature in features.items()}
    made = {page_of(name): _page(features[name], shown[name], stages) for name in features}
    made["features/index.md"] = render(
        "features.md",
        features=[
            (name, feature, _outcomes(feature, stages)) for name, feature in features.items()
        ],
        stages=stages,
        copied=_COPIED,
    )
    made["traceability.md"] = render(
        "traceability.md",
        rows=[
            (sentence.text, [(each, features[each.feature], _held(each, shown)) for each in held])
            for sentence in table
            if (held := [each for each in sentence.held_by if not each.planned])
        ],
        stages=stages,
    )
    if stages:
        made["report/index.html"] = render_page(stages)
    return made


def report_files(stages: Sequence[StageResults], report: Path) -> dict[str, Path]:
    """Give the files of the runs that pages link to, by their addresses."""
    runs = [run for stage in stages for run in stage.runs]
    wanted = {f"{run.folder}/{name}" for run in runs for name in _COPIED}
    wanted |= {file for run in runs for each in run.scenarios for file in each.screenshots}
    return {f"report/{name}": report / name for name in wanted if (report / name).exists()}


def _page(feature: Feature, shown: Sequence[Shown], stages: Sequence[StageResults]) -> str:
    why, _, _ = feature.description.partition("Encodes:")
    grouped = groupby(shown, key=lambda each: each.template.rule)
    return render(
        "feature.md",
        feature=feature,
        why=" ".join(why.split()),
        sentence=encoded_sentences(feature),
        outcomes=_outcomes(feature, stages),
        rules=[(rule, _background(rule), list(group)) for rule, group in grouped],
        background=feature.background.steps if feature.background else [],
    )


def _background(rule: Rule | None) -> list[object]:
    return [] if rule is None or rule.background is None else list(rule.background.steps)


def _outcomes(feature: Feature, stages: Sequence[StageResults]) -> list[StageOutcome]:
    current = set(feature.scenarios)
    return [
        StageOutcome(
            stage.stage,
            # A scenario may have been dropped since.
            tuple(each for each in _results(feature, stage) if each.title in current),
        )
        for stage in stages
    ]


def _results(feature: Feature, stage: StageResults) -> list[ScenarioResult]:
    file = Path(feature.filename).name
    return [each for each in stage.scenarios if Path(each.feature_file).name == file]


def _shown(feature: Feature, stages: Sequence[StageResults]) -> list[Shown]:
    outcomes = _outcomes(feature, stages)
    return [
        Shown(
            template,
            tuple(
                StageOutcome(each.stage, tuple(one for one in each.results if one.title == title))
                for each in outcomes
            ),
        )
        for title, template in feature.scenarios.items()
    ]


def _held(holding: Holding, shown: Mapping[str, Sequence[Shown]]) -> list[tuple[str, str, Shown]]:
    by_title = {each.template.name: each for each in shown[holding.feature]}
    return [(title, anchor(title), by_title[title]) for title in holding.scenarios]
