# SPDX-License-Identifier: Apache-2.0
"""Reports of what came of the features: `pytest --report DIR`, and reading what it wrote."""

from .page import render_page, told_seconds
from .record import (
    Outcome,
    RecordError,
    RunRecord,
    ScenarioResult,
    StageResults,
    StepResult,
    Tally,
    by_stage,
    read_records,
    replace_file,
)

__all__ = [
    "Outcome",
    "RecordError",
    "RunRecord",
    "ScenarioResult",
    "StageResults",
    "StepResult",
    "Tally",
    "by_stage",
    "read_records",
    "render_page",
    "replace_file",
    "told_seconds",
]
