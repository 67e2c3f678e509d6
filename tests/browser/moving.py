# SPDX-License-Identifier: Apache-2.0
"""What a person does on the page."""

from typing import Any

from playwright.sync_api import expect

from selfrenew_steps.running_portal import RunningPortal
from tests.browser.fake_agent import FakeAgent


def heading(page: Any, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_focused()


def go_on(page: Any) -> None:
    page.get_by_role("button", name="Continue", exact=True).click()


def enter(page: Any, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)


def begin_renewal(page: Any, portal: RunningPortal) -> None:
    page.goto(portal.url)
    heading(page, "Select service")
    go_on(page)
    enter(page, "Your passcode", "246810")
    go_on(page)
    heading(page, "Renew certification confirmation")
    go_on(page)
    heading(page, "Renewing your certificates")


def begin_change(page: Any, portal: RunningPortal, new: str, again: str) -> None:
    page.goto(portal.url)
    heading(page, "Select service")
    page.get_by_label("Change Passcode").check()
    go_on(page)
    heading(page, "Enter passcode")
    enter(page, "Your passcode", "246810")
    go_on(page)
    heading(page, "Choose a new passcode")
    choose(page, new, again)


def choose(page: Any, new: str, again: str) -> None:
    enter(page, "Your new passcode", new)
    enter(page, "Your new passcode again", again)
    go_on(page)


def lock(agent: FakeAgent) -> None:
    agent.view.update(tries_left=0, locked=True)
    agent.set_state("locked")


def begin_unlock(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    lock(agent)
    page.goto(portal.url)
    heading(page, "Your smartcard is locked")
    page.get_by_role("button", name="Unlock your smartcard").click()
    heading(page, "Unlock your smartcard")
    page.get_by_role("button", name="Send me a code").click()
    heading(page, "Unlocking your smartcard")


def ask_for_code(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_unlock(page, portal, agent)
    agent.tell("enter_code", None, "awaiting_code", "A code was sent.")
    heading(page, "Enter the code and a new passcode")
