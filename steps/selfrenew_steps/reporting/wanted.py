# SPDX-License-Identifier: Apache-2.0
"""Whether a report is wanted, where it goes, and the screenshots that go there.

Apart from the plugin, whose module pytest has to import before others do.
"""

import hashlib
from pathlib import Path

import pytest

from .record import run_folder

OPTION = "report_folder"
SCREENSHOTS = "screenshots"
_NAMED = pytest.StashKey[list[str]]()


def stage_name(config: pytest.Config) -> str:
    """Name the stage that the features are run on."""
    return str(config.getoption("--stage", default="embedded"))


def with_browser(config: pytest.Config) -> bool:
    """Tell whether this run has a browser."""
    return bool(config.getoption("--browser", default=False))


def report_folder(config: pytest.Config) -> Path | None:
    """Give the folder of this run's report, if one is wanted."""
    report: Path | None = config.getoption(OPTION, None)
    if report is None:
        return None
    return report.resolve() / run_folder(stage_name(config), browser=with_browser(config))


def next_screenshot(item: pytest.Item) -> Path | None:
    """Name the file for a scenario's next screenshot, if a report is wanted, which shows it."""
    folder = report_folder(item.config)
    if folder is None:
        return None
    named = item.stash.setdefault(_NAMED, [])
    stem = "".join(each if each.isalnum() or each in "-_" else "-" for each in item.name)[:120]
    # Names that are alike above differ in this.
    digest = hashlib.sha256(item.nodeid.encode()).hexdigest()[:8]
    named.append(f"{SCREENSHOTS}/{stem}-{digest}-{len(named) + 1}.png")
    # What an earlier run left there would be shown where this one fails to take its own.
    (folder / named[-1]).unlink(missing_ok=True)
    return folder / named[-1]


def screenshots_taken(item: pytest.Item) -> tuple[str, ...]:
    """Give a scenario's screenshots, from the report's folder."""
    folder = report_folder(item.config)
    named = item.stash.get(_NAMED, [])
    return () if folder is None else tuple(each for each in named if (folder / each).exists())
