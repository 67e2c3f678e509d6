# SPDX-License-Identifier: Apache-2.0
"""The stage a scenario is run on, and the reference put together for it."""

from collections.abc import Callable, Iterator

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.transport import Reader
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.reader import PrivatePcscd
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, PcscStage, Stage

STAGES = ("embedded", "pcsc")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stage", choices=STAGES, default="embedded", help="where features are run")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(DEFAULT_NOW)


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PrivatePcscd]:
    """One for the process: its PC/SC library cannot be pointed to another afterwards."""
    with PrivatePcscd() as running:
        yield running


@pytest.fixture
def make_stage(request: pytest.FixtureRequest) -> Callable[[SettableClock], Stage]:
    if request.config.getoption("--stage") == "embedded":
        return lambda clock: EmbeddedStage(clock=clock)
    pcscd: PrivatePcscd = request.getfixturevalue("pcscd")
    return lambda clock: PcscStage(pcscd, clock=clock)


@pytest.fixture
def stage(clock: SettableClock, make_stage: Callable[[SettableClock], Stage]) -> Iterator[Stage]:
    with make_stage(clock) as running:
        yield running


@pytest.fixture
def reference(stage: Stage) -> Iterator[Reference]:
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.direct_reader, clock=stage.clock) as assembled:
        yield assembled


@pytest.fixture
def card_reader(reference: Reference) -> Reader:
    """The reader as programs see it, where `stage.reader` is the slot that a hand reaches."""
    return reference.reader
