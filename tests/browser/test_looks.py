# SPDX-License-Identifier: Apache-2.0
"""Every state, light and dark, narrow and wide: nothing cut off, nothing axe objects to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfrenew_steps.running_portal import RunningPortal
from tests.browser.fake_agent import FakeAgent
from tests.browser.scenes import SCENES

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = (
    f"axe.run(document, {{runOnly: {json.dumps(RULES)}, resultTypes: ['violations']}})"
    ".then(found => found.violations)"
)
WIDTHS = (320, 1280)
THEMES = ("light", "dark")
Look = Callable[[Any, str], None]


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is missing: run ci/assets")
    return AXE.read_text()


@pytest.fixture
def look(axe: str, screenshots: Path | None) -> Look:
    """Look at a page in every way, and have axe judge it."""

    def act(page: Any, name: str) -> None:
        page.evaluate(axe)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 720})
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name} is {wide} px wide on {width}"
                assert [_told(each) for each in page.evaluate(JUDGE)] == [], (theme, width)
                if screenshots is not None:
                    path = screenshots / f"{name}-{theme}-{width}.png"
                    page.screenshot(path=path, full_page=True)

    return act


@pytest.mark.parametrize("name", SCENES)
def test_a_state_is_accessible_and_whole(
    name: str, page: Any, portal: RunningPortal, agent: FakeAgent, look: Look
) -> None:
    SCENES[name](page, portal, agent)
    look(page, name)


def _told(violation: dict[str, Any]) -> str:
    nodes = [node["html"][:150] + " " + node["failureSummary"] for node in violation["nodes"]]
    return f"{violation['id']}: {nodes}"
