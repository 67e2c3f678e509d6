# SPDX-License-Identifier: Apache-2.0
"""The record of a run as Cucumber's JSON, which many programs that show reports read.

pytest-bdd's own `--cucumberjson` is empty under pytest-xdist, and leaves out skipped scenarios and
what fails before or after the steps.
"""

import base64
import itertools
import json
import re
from pathlib import Path
from typing import Any

from .record import Outcome, RunRecord, ScenarioResult

_NANOSECONDS = 10**9


def cucumber_json(record: RunRecord, folder: Path) -> str:
    """Render; screenshots are read from the record's folder, and are part of it."""
    ordered = sorted(record.scenarios, key=lambda each: (each.feature_file, each.line))
    features = itertools.groupby(ordered, key=lambda each: (each.feature_file, each.feature))
    return json.dumps(
        [
            {
                "keyword": "Feature",
                "uri": file,
                "id": _id(name),
                "name": name,
                "line": 1,
                "description": "",
                "tags": [],
                "elements": [_element(each, folder) for each in scenarios],
            }
            for (file, name), scenarios in features
        ],
        indent=1,
    )


def _element(result: ScenarioResult, folder: Path) -> dict[str, Any]:
    row = ";".join(result.example.values())
    element: dict[str, Any] = {
        "keyword": "Scenario",
        "type": "scenario",
        "id": f"{_id(result.feature)};{_id(result.title)}" + (f";{_id(row)}" if row else ""),
        "name": result.name + (f" ({row})" if row else ""),
        "line": result.line,
        "description": "",
        "tags": [{"name": f"@{tag}", "line": result.line} for tag in result.tags],
        "steps": [
            {
                "keyword": f"{step.keyword} ",
                "name": step.text,
                "line": step.line,
                "match": {"location": ""},
                "result": {
                    "status": step.outcome.value,
                    "duration": int(step.seconds * _NANOSECONDS),
                    **({"error_message": result.details} if step.outcome is Outcome.FAILED else {}),
                },
            }
            for step in result.steps
        ],
    }
    for moment in ("before", "after"):
        hook: dict[str, Any] = {"match": {"location": ""}}
        if result.failed_around_steps == moment:
            hook["result"] = {"status": "failed", "duration": 0, "error_message": result.details}
        if moment == "after" and result.screenshots:
            hook.setdefault("result", {"status": "passed", "duration": 0})
            hook["embeddings"] = [
                {
                    "mime_type": "image/png",
                    "data": base64.b64encode((folder / file).read_bytes()).decode(),
                }
                for file in result.screenshots
            ]
        if "result" in hook:
            element[moment] = [hook]
    return element


def _id(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")
