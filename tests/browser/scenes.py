# SPDX-License-Identifier: Apache-2.0
"""Every state of the page by name, each with how a person gets there."""

from collections.abc import Callable
from typing import Any

from selfrenew_steps.running_portal import RunningPortal
from tests.browser.fake_agent import FakeAgent
from tests.browser.moving import (
    ask_for_code,
    begin_change,
    begin_renewal,
    begin_unlock,
    choose,
    enter,
    go_on,
    heading,
    lock,
)

Scene = Callable[[Any, RunningPortal, FakeAgent], None]


def _waits(state: str, title: str) -> Scene:
    def play(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
        agent.set_state(state)
        page.goto(portal.url)
        heading(page, title)

    return play


def _diagnosis(name: str) -> Scene:
    def play(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
        page.goto(f"{portal.origin}/urswebapp/help/{name}")

    return play


def connecting(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    page.route("**/v1/hello", lambda _: None)
    page.goto(portal.url)


def no_sign_in(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.due(30, "interrupted")
    agent.view["slots"] = [{"slot": "authentication", "state": "missing"}]
    agent.set_state("card")
    page.goto(portal.url)
    heading(page, "You cannot sign in with this smartcard")


def several_cards(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    for _ in range(100):
        agent.refuse("handoffs", 409, "several_cards")
    page.goto(portal.url)
    heading(page, "There is more than one smartcard")


def select(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    page.goto(portal.url)
    heading(page, "Select service")


def select_not_due(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.due(200, "not_due")
    select(page, portal, agent)


def select_unsupported(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.due(30, "unsupported")
    select(page, portal, agent)


def select_nothing(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    select_not_due(page, portal, agent)
    go_on(page)


def passcode(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    select(page, portal, agent)
    go_on(page)
    heading(page, "Enter passcode")


def wrong_passcode(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_renewal(page, portal)
    agent.view["tries_left"] = 1
    agent.fail("wrong_passcode", "The passcode you entered is not valid.", "", "")
    heading_text = page.get_by_role("heading", level=1, name="Enter passcode")
    heading_text.wait_for()


def confirm(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    passcode(page, portal, agent)
    enter(page, "Your passcode", "246810")
    go_on(page)
    heading(page, "Renew certification confirmation")


def progress(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_renewal(page, portal)
    agent.tell("signing_certificate", 104)
    page.get_by_text("About 2 minutes left", exact=True).wait_for()


def succeeded(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_renewal(page, portal)
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")


def logged_back_in(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    succeeded(page, portal, agent)
    agent.set_state("no_card")
    page.get_by_text("Your smartcard is out").wait_for()
    agent.set_state("signed_in", "2B")
    page.get_by_text("You are logged in to the Spine").wait_for()


def failed(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_renewal(page, portal)
    agent.fail(
        "card_removed",
        "The smartcard was removed.",
        "The signing certificate was being replaced and has to be done again; the authentication "
        "certificate still works, so nothing is lost.",
        "Put the card in and run the renewal again.",
    )
    heading(page, "It could not be completed")


def new_passcode(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_change(page, portal, "135790", "135791")


def changed(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_change(page, portal, "135790", "135790")
    heading(page, "Changing your passcode")
    agent.succeed()
    heading(page, "Your passcode was changed")


def locked(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    lock(agent)
    page.goto(portal.url)
    heading(page, "Your smartcard is locked")


def locked_for_good(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.view["unlockable"] = False
    locked(page, portal, agent)


def not_unlockable(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.view["unlockable"] = False
    select(page, portal, agent)
    page.get_by_role("link", name="Unlock a smartcard").click()
    heading(page, "This smartcard cannot be unlocked here")


def unlock(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    locked(page, portal, agent)
    page.get_by_role("button", name="Unlock your smartcard").click()
    heading(page, "Unlock your smartcard")


def wrong_code(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    ask_for_code(page, portal, agent)
    enter(page, "Code from the email", "111111")
    choose(page, "135790", "135790")
    heading(page, "Unlocking your smartcard")
    agent.tell("enter_code", None, "awaiting_code", "The code is not right. 2 tries are left.")
    page.get_by_role("alert").wait_for()


def unlocked(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    begin_unlock(page, portal, agent)
    agent.succeed()
    heading(page, "Your smartcard is unlocked")


def closed(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    select(page, portal, agent)
    page.get_by_role("button", name="Close").click()
    heading(page, "You have closed this service")


def lost(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    progress(page, portal, agent)
    agent.stop()
    heading(page, "The smartcard software has stopped answering")


def expired(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    confirm(page, portal, agent)
    page.context.clear_cookies()
    go_on(page)
    heading(page, "You have been logged out")


def unreachable(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    confirm(page, portal, agent)
    portal.stop()
    go_on(page)
    heading(page, "This service cannot be reached")


def check(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.check_results = [
        {"check": "reader", "ok": True, "message": "A reader is there."},
        {"check": "card", "ok": False, "message": "There is no card in the reader."},
        {"check": "ca", "ok": True, "message": "It answers."},
        {"check": "management", "ok": True, "message": "It answers."},
        {"check": "spine", "ok": True, "message": "It answers."},
        {"check": "portal", "ok": True, "message": "It answers."},
    ]
    page.goto(f"{portal.origin}/check")
    page.get_by_text("The check is complete: one problem.").wait_for()


SCENES: dict[str, Scene] = {
    "connecting": connecting,
    "no-reader": _waits("no_reader", "No smartcard reader was found"),
    "no-card": _waits("no_card", "Put your smartcard in the reader"),
    "foreign-card": _waits("foreign_card", "This is not a smartcard that can be renewed here"),
    "several-cards": several_cards,
    "signed-out": _waits("card", "You have been logged out"),
    "no-sign-in": no_sign_in,
    "select": select,
    "select-not-due": select_not_due,
    "select-unsupported": select_unsupported,
    "select-nothing": select_nothing,
    "passcode": passcode,
    "wrong-passcode": wrong_passcode,
    "confirm": confirm,
    "progress": progress,
    "succeeded": succeeded,
    "logged-back-in": logged_back_in,
    "failed": failed,
    "new-passcode": new_passcode,
    "changed": changed,
    "locked": locked,
    "locked-for-good": locked_for_good,
    "not-unlockable": not_unlockable,
    "unlock": unlock,
    "code": ask_for_code,
    "wrong-code": wrong_code,
    "unlocked": unlocked,
    "closed": closed,
    "lost": lost,
    "expired": expired,
    "unreachable": unreachable,
    "check": check,
    **{
        f"help-{name}": _diagnosis(name)
        for name in (
            "unsupported-browser",
            "ie-mode",
            "no-session",
            "agent-missing",
            "agent-old",
            "agent-blocked",
            "no-javascript",
            "wrong-operation",
            "service-fault",
        )
    },
}
