# SPDX-License-Identifier: Apache-2.0
"""The agent at Alice's desktop: what its windows ask, and what she answers."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_bdd import given, parsers, then, when

from selfrenew.agent import Login
from selfrenew.agent.dialogs import Answer
from selfrenew.agent.state import CardState
from selfrenew.secret import Secret
from selfrenew_emulator.stage import Stage
from selfrenew_emulator.stage.key_making import HeldKeyMaking

from .desk import Desk
from .holder import HeldCard
from .service_portal import ServicePortal

if TYPE_CHECKING:
    from .service_page import ServicePage

_ANSWERS = {"Yes": Answer.YES, "No": Answer.NO}


@pytest.fixture
def desk(stage: Stage, portal: ServicePortal, key_making: HeldKeyMaking) -> Iterator[Desk]:
    """Alice's desktop, the agent not yet started, and the portal that it belongs to."""
    desk = Desk(stage, portal.url, portal.agent_port)
    portal.agent_port = desk.port
    try:
        portal.start()
        yield desk
        # The agent's end would wait for what is held back.
        desk.ca_may_answer.set()
        key_making.go_on()
    finally:
        desk.stop()


@given("the smartcard software does not run on her computer")
def no_agent(desk: Desk) -> None:
    desk.have_no_agent()


@given("Alice is signed in at her desktop", target_fixture="login")
def signed_in(desk: Desk, passcode: str) -> Login:
    desk.start()
    return desk.sign_in(passcode)


@given("Alice does not sign in at her desktop")
def not_signed_in(desk: Desk) -> None:
    desk.start()
    desk.answer("passcode", None)
    desk.until(CardState.CARD)


@given("her card takes its time to make a key")
def card_is_slow(key_making: HeldKeyMaking) -> None:
    key_making.hold()


@given("the CA takes its time to answer")
def ca_is_slow(desk: Desk) -> None:
    desk.ca_may_answer.clear()


@given("her desktop tells Alice that her card is locked")
def told_of_lock(desk: Desk, portal: ServicePortal) -> None:
    desk.start()
    text, url = desk.dialogs.expect("link")
    assert "blocked" in text
    assert url == portal.url


@given("her desktop tells Alice that her certificate expired")
def told_of_expiry(desk: Desk, passcode: str) -> None:
    desk.start()
    desk.answer("passcode", Secret(passcode))
    assert "Your certificate expired" in desk.dialogs.expect("told")


@given("her desktop tells Alice that no code unlocks her card")
def told_that_no_code_unlocks(desk: Desk) -> None:
    desk.start()
    assert "cannot be unlocked by self-service" in desk.dialogs.expect("told")


@given(parsers.re(r'Alice answered the notice at her desktop with "(?P<answer>Yes|No)"'))
@when(parsers.re(r'Alice answers the notice at her desktop with "(?P<answer>Yes|No)"'))
def answers_notice(desk: Desk, answer: str) -> None:
    desk.dialogs.answers.put(_ANSWERS[answer])


@when("Alice copies the link that her desktop shows into her browser", target_fixture="tab")
def copies_shown_link(desk: Desk, tab: "ServicePage") -> "ServicePage":
    _, url = desk.dialogs.expect("link")
    tab.open(url)
    return tab


@given("Alice took her card out and signed in again at her desktop", target_fixture="login")
@when("Alice takes her card out and signs in again at her desktop", target_fixture="login")
def signs_in_again(stage: Stage, desk: Desk, held: HeldCard, passcode: str) -> Login:
    stage.reader.remove()
    desk.put_away_windows()
    stage.reader.insert(held.card)
    return desk.sign_in(passcode)


@when("the smartcard software is ended in the middle of that")
def agent_ends(desk: Desk, tab: "ServicePage", key_making: HeldKeyMaking) -> None:
    ending = threading.Thread(target=desk.stop)
    ending.start()
    tab.wait_for_end()
    key_making.go_on()
    ending.join()


@then("her desktop shows the address of the renewal service to copy")
def shows_link(desk: Desk, portal: ServicePortal) -> None:
    text, url = desk.dialogs.expect("link")
    assert "Copy this link" in text
    assert url == portal.url
