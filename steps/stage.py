# SPDX-License-Identifier: Apache-2.0
"""The stage a scenario is run on, and the reference put together for it."""

from collections.abc import Callable, Iterator

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

STAGES: dict[str, Callable[[SettableClock], EmbeddedStage]] = {
    "embedded": lambda clock: EmbeddedStage(clock=clock),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stage", choices=sorted(STAGES), default="embedded", help="where the features are run"
    )


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(DEFAULT_NOW)


@pytest.fixture
def stage(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[EmbeddedStage]:
    with STAGES[request.config.getoption("--stage")](clock) as running:
        yield running


@pytest.fixture
def reference(stage: EmbeddedStage) -> Iterator[Reference]:
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as assembled:
        yield assembled
