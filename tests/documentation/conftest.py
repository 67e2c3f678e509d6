# SPDX-License-Identifier: Apache-2.0
"""Results of a run of the real features, made up."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ci.traceability import read_features
from selfrenew_steps.reporting import Outcome, RunRecord, ScenarioResult, StageResults, by_stage

TITLE = "Both certificates are replaced, whatever the keys"
ENDED = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def result(title: str, **example: str) -> ScenarioResult:
    return ScenarioResult(
        feature="Renewal of both certificates",
        feature_file="features/renewal.feature",
        rule=None,
        title=title,
        name=title,
        example=example,
        line=read_features()["renewal"].scenarios[title].line_number,
        tags=(),
        outcome=Outcome.PASSED,
        seconds=1.25,
        steps=(),
    )


@pytest.fixture
def record() -> RunRecord:
    torn = replace(
        result("Success is told in the service's words"),
        outcome=Outcome.FAILED,
        failure="no <word> of it",
        details="line 1\n\n\tline *2*\n</pre><script>",
        screenshots=("embedded/screenshots/it is.png",),
    )
    dropped = replace(result("Progress is told for each certificate"), title="Was there once")
    kept = [result(TITLE, algorithm=algorithm) for algorithm in ("P-256", "P-384")]
    return RunRecord("embedded", False, ENDED, 60, "abc", (torn, dropped, *kept))


@pytest.fixture
def stages(record: RunRecord) -> list[StageResults]:
    return by_stage([record])
