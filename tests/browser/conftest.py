# SPDX-License-Identifier: Apache-2.0
"""The page in Chromium, before a portal of its own and an agent that a test drives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfrenew.portal import Assets
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_steps.browser import PATIENCE_MILLISECONDS
from selfrenew_steps.running_portal import RunningPortal, running_portal, spine_ticket, trusting
from tests.browser.fake_agent import FakeAgent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return None if config.getoption("--browser") else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


@pytest.fixture(scope="session")
def ticket(shared_stage: EmbeddedStage) -> str:
    return spine_ticket(shared_stage)


@pytest.fixture
def clock() -> SettableClock:
    """Give the time that portal and agent go by, which is not the shared stage's."""
    return SettableClock(DEFAULT_NOW)


@pytest.fixture
def agent(clock: SettableClock, ticket: str) -> Iterator[FakeAgent]:
    agent = FakeAgent(clock)
    agent.ticket = ticket
    yield agent
    agent.stop()


@pytest.fixture
def portal(
    shared_stage: EmbeddedStage, assets: Assets, agent: FakeAgent, clock: SettableClock
) -> Iterator[RunningPortal]:
    with (
        running_portal(shared_stage, assets, agent.port, clock=clock) as portal,
        trusting(shared_stage) as http,
    ):
        agent.start(portal.origin, http)
        yield portal
        agent.stop()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(
        ignore_https_errors=True, locale="en-GB", timezone_id="Europe/London"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """A page that may write nothing to its console but what a test expects."""
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.said = said
    yield page
    unexpected = [line for line in said if "Failed to load resource" not in line]
    assert unexpected == []


@pytest.fixture(scope="session")
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    folder: Path | None = request.config.getoption("--screenshots")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
