# SPDX-License-Identifier: Apache-2.0
"""Pictures of the page for a report: one of each tab that a scenario leaves."""

from pathlib import Path

import pytest

from selfrenew_steps import browser
from selfrenew_steps.browser import OpenTab
from selfrenew_steps.reporting.wanted import OPTION, screenshots_taken

_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def report(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(request.config.option, OPTION, tmp_path)
    return tmp_path


def taken(report: Path, request: pytest.FixtureRequest) -> list[Path]:
    browser.pytest_bdd_after_scenario(request)
    (folder,) = report.iterdir()
    return [folder / file for file in screenshots_taken(request.node)]


def test_each_tab_is_seen(report: Path, open_tab: OpenTab, request: pytest.FixtureRequest) -> None:
    for text in ("one", "another"):
        open_tab().open(f"data:text/html,<h1>{text}</h1>")
    first, second = (file.read_bytes() for file in taken(report, request))
    assert first.startswith(_PNG)
    assert second.startswith(_PNG)
    assert first != second


def test_a_tab_that_is_gone_spoils_nothing(
    report: Path, open_tab: OpenTab, request: pytest.FixtureRequest
) -> None:
    open_tab().tab.close()
    open_tab().open("data:text/html,<h1>there</h1>")
    (file,) = taken(report, request)
    assert file.read_bytes().startswith(_PNG)


def test_without_a_report_none_is_taken(
    open_tab: OpenTab, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request.config.option, OPTION, None)
    open_tab()
    browser.pytest_bdd_after_scenario(request)
    assert screenshots_taken(request.node) == ()
