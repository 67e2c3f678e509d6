# SPDX-License-Identifier: Apache-2.0
"""One stage and one portal for all; each test has a card and an agent of its own."""

from collections.abc import Iterator

import pytest

from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

from .world import Agent, PortalServer, running_agent


@pytest.fixture(scope="package")
def shared_stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: EmbeddedStage) -> Iterator[EmbeddedStage]:
    """The stage, its clock where it began and its reader empty afterwards."""
    yield shared_stage
    if shared_stage.reader.card_present:
        shared_stage.reader.remove()
    clock = shared_stage.clock
    assert isinstance(clock, SettableClock)
    clock.set(DEFAULT_NOW)


@pytest.fixture
def portal(stage: EmbeddedStage) -> Iterator[PortalServer]:
    made = PortalServer(stage)
    with made.servers:
        yield made


@pytest.fixture
def holder(stage: EmbeddedStage) -> Person:
    return stage.make_person()


@pytest.fixture
def card(stage: EmbeddedStage, holder: Person) -> Card:
    """The holder's card, 30 days left, in the reader."""
    card = stage.make_card(holder)
    stage.reader.insert(card)
    return card


@pytest.fixture
def agent(stage: EmbeddedStage, portal: PortalServer, card: Card) -> Iterator[Agent]:
    with running_agent(stage, portal) as running:
        yield running
