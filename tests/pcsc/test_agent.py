# SPDX-License-Identifier: Apache-2.0
"""The agent at readers of PC/SC: the card that is meant, its removal, a service that comes back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from selfrenew.agent.agent import Agent
from selfrenew.agent.dialogs import Answer
from selfrenew.agent.state import CardState, Situation
from selfrenew.config import assemble, load_configuration
from selfrenew.config.pcsc_reader import open_pcsc_reader
from selfrenew.secret import Secret
from selfrenew.services import SpineClient
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader
from selfrenew_emulator.stage import TEST_PASSCODE, Stage
from selfrenew_steps.scripted_dialogs import WAIT_SECONDS, ScriptedDialogs

Slots = list[VpcdReader[LinkedCard]]


class Desk:
    """An agent that runs, and the person before it."""

    def __init__(self, agent: Agent, dialogs: ScriptedDialogs, spine: SpineClient) -> None:
        self.agent, self.dialogs, self.spine = agent, dialogs, spine

    def answer(self, kind: str, answer: object) -> None:
        self.dialogs.expect(kind)
        self.dialogs.answers.put(answer)

    def until(self, state: CardState) -> Situation:
        there = threading.Event()
        end = self.agent.state.subscribe(lambda now: there.set() if now.state is state else None)
        try:
            if self.agent.state.state is not state:
                assert there.wait(WAIT_SECONDS), (state, self.agent.state.state)
            return self.agent.state.now
        finally:
            end()

    def sign_in(self) -> Situation:
        self.answer("passcode", Secret(TEST_PASSCODE))
        self.answer("role", 0)
        self.answer("notice", Answer.NO)
        self.dialogs.expect("link")
        return self.until(CardState.SIGNED_IN)


@pytest.fixture
def start(stage: Stage, slots: Slots) -> Iterator[Callable[[str], Desk]]:
    """Start an agent at a reader's location."""
    with ExitStack() as stack:

        def run(location: str) -> Desk:
            configuration = load_configuration(stage.config_file, {"SELFRENEW_AGENT_PORT": "0"})
            reader = open_pcsc_reader(location, Path())
            reference = stack.enter_context(
                assemble(configuration, reader=reader, clock=stage.clock)
            )
            dialogs = ScriptedDialogs()
            agent = stack.enter_context(reference.agent(dialogs, environ={}))
            thread = threading.Thread(target=agent.run)
            thread.start()
            stack.callback(thread.join, WAIT_SECONDS)
            stack.callback(agent.stop)
            return Desk(agent, dialogs, reference.services.spine)

        yield run


def make_card(stage: Stage, name: str = "Alice Archer") -> Card:
    return stage.make_card(stage.make_person(name))


def test_removal_ends_the_session_and_its_ticket(
    stage: Stage, slots: Slots, start: Callable[[str], Desk]
) -> None:
    desk = start(slots[0].name)
    desk.until(CardState.NO_CARD)
    slots[0].insert(make_card(stage))
    login = desk.sign_in().login
    assert login is not None
    assert desk.spine.validate(login.spine.ticket).valid
    slots[0].remove()
    assert desk.until(CardState.NO_CARD).login is None
    assert desk.spine.validate(login.spine.ticket).reason == "logged_out"


def test_removal_takes_the_question_away_and_the_next_card_is_asked_for(
    stage: Stage, slots: Slots, start: Callable[[str], Desk]
) -> None:
    desk = start(slots[0].name)
    for name in ("Alice Archer", "Bob Brown"):
        slots[0].insert(make_card(stage, name))
        desk.dialogs.expect("passcode")
        slots[0].remove()
        desk.until(CardState.NO_CARD)
    assert desk.dialogs.asked.empty()


def test_a_card_in_the_other_reader_is_none_of_its_business(
    stage: Stage, slots: Slots, start: Callable[[str], Desk]
) -> None:
    slots[1].insert(make_card(stage, "Bob Brown"))
    desk = start(slots[0].name)
    desk.until(CardState.NO_CARD)
    slots[0].insert(make_card(stage))
    login = desk.sign_in().login
    assert login is not None
    assert login.spine.name == "Alice Archer"
    slots[1].remove()
    assert desk.agent.state.state is CardState.SIGNED_IN


def test_of_two_smartcards_the_one_that_stays_is_asked_for(
    stage: Stage, slots: Slots, start: Callable[[str], Desk]
) -> None:
    slots[0].insert(make_card(stage))
    slots[1].insert(make_card(stage, "Bob Brown"))
    desk: Any = start("")
    desk.until(CardState.NO_CARD)
    slots[0].remove()
    login = desk.sign_in().login
    assert login.spine.name == "Bob Brown"
