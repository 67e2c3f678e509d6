# SPDX-License-Identifier: Apache-2.0
"""The page of a report: whether the service does what it says, on each stage, and what failed.

One file that needs no other but its screenshots, so that it can be mailed and kept.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .record import Outcome, ScenarioResult, StageResults, Tally

if TYPE_CHECKING:
    from jinja2 import Environment


def render_page(stages: Sequence[StageResults]) -> str:
    """Render the page; screenshots are where its folder has them."""
    features = sorted({name for stage in stages for name in stage.features})
    return _templates().get_template("run.html").render(stages=stages, features=features)


def _templates() -> "Environment":
    # Not all that use the steps write reports.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    templates = Environment(
        loader=PackageLoader("selfrenew_steps.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(tally=Tally.of, Outcome=Outcome)
    templates.filters.update(seconds=told_seconds, anchor=_anchor)
    return templates


def told_seconds(seconds: float) -> str:
    """Tell a time as people read it.

    >>> [told_seconds(each) for each in (0.004, 1.26, 73.4)]
    ['0.0 s', '1.3 s', '1 min 13 s']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _anchor(stage: StageResults, result: ScenarioResult) -> str:
    return f"{stage.stage}-{stage.scenarios.index(result)}"
