# SPDX-License-Identifier: Apache-2.0
"""After the features were run with `--report DIR`: one table, and DIR/index.html for all stages.

Ends with 1 where a scenario failed, and with 2 where there is no report.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from selfrenew_steps.reporting import (
    Outcome,
    RecordError,
    StageResults,
    Tally,
    by_stage,
    read_records,
    render_page,
    replace_file,
    told_seconds,
)

_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "dim"}


def table(stages: Sequence[StageResults]) -> Table:
    """Lay out stages beside each other, features below each other."""
    shown = Table(title="Features on each stage: scenarios passed, seconds")
    shown.add_column("feature")
    for stage in stages:
        shown.add_column(stage.stage, justify="right")
    for feature in sorted({name for stage in stages for name in stage.features}):
        shown.add_row(feature, *(_cell(Tally.of(stage.of(feature))) for stage in stages))
    shown.add_section()
    shown.add_row("all", *(_cell(stage.tally) for stage in stages), style="bold")
    shown.add_row(
        "the runs took",
        *(told_seconds(sum(run.seconds for run in stage.runs)) for stage in stages),
    )
    return shown


def _cell(tally: Tally) -> Text:
    told = f"{tally}  {tally.seconds:6.1f}" if tally.run else str(tally)
    return Text(told, style=_STYLES[tally.outcome])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and write the page."""
    parser = argparse.ArgumentParser(prog="ci/summary.py", description=__doc__)
    parser.add_argument("report", type=Path, nargs="?", default=Path("build/report"))
    report: Path = parser.parse_args(arguments).report
    try:
        stages = by_stage(read_records(report))
    except RecordError as error:
        print(error, file=sys.stderr)
        return 2
    if not stages:
        remedy = f"run: pytest --report {report} tests/features"
        print(f"Reading a report from {report} failed: none is there; {remedy}", file=sys.stderr)
        return 2
    Console(highlight=False).print(table(stages))
    for run in (run for stage in stages for run in stage.runs):
        for test in run.broken_off:
            print(f"The run on {run.stage} broke off in {test}.")
    replace_file(report / "index.html", render_page(stages))
    print(f"The whole report: {report / 'index.html'}")
    return 1 if any(stage.failed for stage in stages) else 0


if __name__ == "__main__":
    sys.exit(main())
