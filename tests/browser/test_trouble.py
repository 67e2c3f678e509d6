# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on the way: each has a state that says what to do, and a way on from there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from selfrenew_emulator.clock import SettableClock
from selfrenew_steps.running_portal import RunningPortal
from tests.browser.fake_agent import FakeAgent
from tests.browser.moving import (
    ask_for_code,
    begin_change,
    begin_renewal,
    choose,
    enter,
    go_on,
    heading,
    lock,
)
from tests.browser.scenes import SCENES


def at_help(page: Any, diagnosis: str) -> None:
    expect(page.locator("main")).to_have_attribute("data-diagnosis", diagnosis)
    expect(page.get_by_role("heading", level=1)).to_have_text("You have been logged out")


def test_without_an_agent_it_is_said_that_it_is_missing(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.stop()
    page.goto(portal.url)
    at_help(page, "agent-missing")


@pytest.mark.parametrize("lost", ["**/page.js", "**/agent.js", "**/session", "**/v1/hello"])
def test_what_a_change_of_network_ended_is_asked_for_again(
    lost: str, page: Any, portal: RunningPortal
) -> None:
    asked: list[str] = []

    def lose_the_first(route: Any) -> None:
        asked.append(route.request.method)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    page.route(lost, lose_the_first)
    page.goto(portal.url)
    heading(page, "Select service")
    assert asked[:2] == ["GET", "GET"]


@pytest.fixture
def slow_agent(page: Any) -> Any:
    """Hold one of the agent's answers back until the page has waited ten seconds, and let it go."""
    page.add_init_script(
        """const given = [];
        AbortSignal.timeout = (milliseconds) => {
          const controller = new AbortController();
          if (milliseconds <= 10_000) given.push(controller);
          return controller.signal;
        };
        globalThis.tenSecondsPass = () => given.forEach((each) => each.abort());"""
    )
    held: list[Any] = []

    def hold(path: str) -> None:
        def keep(route: Any) -> None:
            held.append(route)

        page.route(f"**/v1/{path}", keep)

    def let_go() -> None:
        while not held:
            page.evaluate("null")
        page.evaluate("tenSecondsPass()")
        held.pop().continue_()

    return hold, let_go


def test_a_check_of_services_that_are_slow_is_waited_for(
    page: Any, portal: RunningPortal, agent: FakeAgent, slow_agent: Any
) -> None:
    hold, let_go = slow_agent
    agent.check_results = [{"check": "spine", "ok": False, "message": "It did not answer."}]
    hold("check")
    page.goto(f"{portal.origin}/check")
    let_go()
    expect(page.locator("[data-check=spine] [data-part=detail]")).to_have_text("It did not answer.")
    expect(page.locator("[data-check=agent] [data-part=result]")).to_have_text("OK")


def test_an_introduction_to_a_slow_portal_is_waited_for(
    page: Any, portal: RunningPortal, agent: FakeAgent, slow_agent: Any
) -> None:
    hold, let_go = slow_agent
    agent.refuse("handoffs", 502, "portal_unreachable")
    hold("handoffs")
    page.goto(portal.url)
    let_go()
    heading(page, "This service cannot be reached")


def test_an_old_agent_is_named_as_such(page: Any, portal: RunningPortal, agent: FakeAgent) -> None:
    agent.version = "0.0.9"
    page.goto(portal.url)
    at_help(page, "agent-old")


def test_a_browser_that_was_told_to_keep_the_page_out_is_named(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.stop()
    page.add_init_script("navigator.permissions.query = async () => ({ state: 'denied' })")
    page.goto(portal.url)
    at_help(page, "agent-blocked")


@pytest.mark.parametrize("scene", ["no-reader", "no-card", "foreign-card", "signed-out"])
def test_what_was_waited_for_leads_on_by_itself(
    scene: str, page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES[scene](page, portal, agent)
    agent.set_state("signed_in")
    heading(page, "Select service")


def test_one_card_too_many_is_waited_out(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.refuse("handoffs", 409, "several_cards")
    page.goto(portal.url)
    heading(page, "There is more than one smartcard")
    heading(page, "Select service")


@pytest.mark.parametrize("scene", ["select", "passcode", "confirm"])
def test_a_card_that_is_taken_out_is_seen_at_once(
    scene: str, page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES[scene](page, portal, agent)
    agent.set_state("no_card")
    heading(page, "Put your smartcard in the reader")


def test_signing_out_ends_what_the_page_may_do(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    agent.set_state("card")
    heading(page, "You have been logged out")
    expect(page.get_by_text("Signed in as")).to_be_hidden()


def test_a_renewal_that_is_not_due_says_why_and_from_when(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["select-not-due"](page, portal, agent)
    renew = page.get_by_label("Renew Certificate")
    expect(renew).to_be_disabled()
    expect(renew).to_have_accessible_description(
        "Your certificates are not due for renewal. You can renew them from 20 June 2026 at 13:00, "
        "90 days before they expire on 18 September 2026 at 13:00."
    )


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (
            "unsupported",
            "A certificate on your smartcard is of a kind that cannot be renewed here.",
        ),
        (
            "nothing_vouches",
            "Neither certificate on your smartcard can vouch for a renewal any more.",
        ),
    ],
)
def test_what_cannot_be_renewed_here_says_why_and_where_to_go(
    page: Any, portal: RunningPortal, agent: FakeAgent, state: str, why: str
) -> None:
    agent.due(30, state)
    page.goto(portal.url)
    renew = page.get_by_label("Renew Certificate")
    expect(renew).to_be_disabled()
    expect(renew).to_have_accessible_description(re.compile(f"^{why} Visit your Registration"))


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (("expired", "expired"), ("has expired", "Visit your Registration Authority")),
        (("expired", "interrupted"), ("has expired", "ask your IT service desk to finish it")),
        (("missing", "interrupted"), ("There is no", "ask your IT service desk to finish it")),
        (("corrupt", "nothing_vouches"), ("cannot be read", "Visit your Registration Authority")),
        (("unsupported", "unsupported"), ("not known here", "Visit your Registration Authority")),
    ],
)
def test_who_cannot_sign_in_is_told_why_and_not_sent_round_in_a_circle(
    page: Any,
    portal: RunningPortal,
    agent: FakeAgent,
    states: tuple[str, str],
    told: tuple[str, str],
) -> None:
    slot, window = states
    agent.due(30, window)
    agent.view["slots"] = [{"slot": "authentication", "state": slot}]
    agent.set_state("card")
    page.goto(portal.url)
    heading(page, "You cannot sign in with this smartcard")
    for text in told:
        expect(page.locator("main")).to_contain_text(text)
    expect(page.get_by_text("Take it out")).to_have_count(0)
    agent.set_state("no_card")
    heading(page, "Put your smartcard in the reader")


def test_a_renewal_over_a_remote_desktop_is_refused_with_the_agents_reason(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.view["renewal_refused"] = "Renew at the computer the reader is plugged into."
    page.goto(portal.url)
    renew = page.get_by_label("Renew Certificate")
    expect(renew).to_be_disabled()
    expect(renew).to_have_accessible_description(
        "Renew at the computer the reader is plugged into."
    )


def test_an_agent_that_stops_in_the_middle_is_waited_for(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    agent.stop()
    heading(page, "The smartcard software has stopped answering")
    expect(page.get_by_text("nothing is lost")).to_be_visible()
    agent.restart()
    heading(page, "Renewing your certificates")
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")


def test_an_agent_that_stops_telling_and_still_answers_is_asked_again(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["passcode"](page, portal, agent)
    page.get_by_label("Your passcode").fill("246810")
    # The first may have been on its way before it was closed.
    for _ in range(2):
        with page.expect_response("**/v1/events"):
            agent.states.close()
    expect(page.get_by_label("Your passcode")).to_have_value("246810")
    agent.states.closed = False
    agent.set_state("no_card")
    heading(page, "Put your smartcard in the reader")


@pytest.mark.parametrize("reason", ["busy", "card_removed"])
def test_a_card_that_cannot_be_looked_at_just_now_is_looked_at_again(
    reason: str, page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["succeeded"](page, portal, agent)
    agent.refuse("card", 409, reason, "It cannot be read.")
    with page.expect_response("**/v1/card") as refused:
        agent.states.close()
    assert refused.value.status == 409
    agent.states.closed = False
    heading(page, "Success: certificate renewed for smartcard")
    agent.set_state("no_card")
    expect(page.get_by_text("Your smartcard is out.")).to_be_visible()


def test_what_became_of_the_card_while_nobody_told_is_told_later(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["succeeded"](page, portal, agent)
    expect(page.locator("[data-phase=remove]")).to_be_visible()
    with page.expect_request("**/v1/events"):
        agent.states.close()
    agent.set_state("no_card")
    agent.set_state("signed_in", "2B")
    agent.states.closed = False
    expect(page.locator("[data-phase=done]")).to_be_visible()


def test_success_is_shown_once_nothing_of_what_follows_can_be_missed(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    held: list[Any] = []
    page.route("**/v1/events", lambda route: held.append(route))  # noqa: PLW0108  it is wrapped
    with page.expect_request("**/v1/events"):
        agent.succeed()
    heading(page, "Renewing your certificates")
    held[0].continue_()
    heading(page, "Success: certificate renewed for smartcard")
    agent.set_state("no_card")
    agent.set_state("signed_in", "2B")
    expect(page.locator("[data-phase=done]")).to_be_visible()


def test_a_renewal_is_followed_on_where_its_agent_stopped_telling(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    with page.expect_request("**/v1/operations/*/events"):
        agent.feed.close()
    agent.feed.closed = False
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")


def test_an_agent_that_was_started_anew_is_met_again(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    agent.stop()
    heading(page, "The smartcard software has stopped answering")
    agent.restart(anew=True)
    heading(page, "Select service")
    begin_renewal(page, portal)


def test_a_portal_that_was_started_anew_ends_the_session_and_a_click_gets_another(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    portal.stop()
    portal.start()
    go_on(page)
    heading(page, "You have been logged out")
    go_on(page)
    heading(page, "Select service")
    begin_renewal(page, portal)
    assert [each["passcode"] for each in agent.started] == ["246810"]


def test_a_portal_that_was_started_anew_does_not_disturb_a_renewal(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    portal.stop()
    portal.start()
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")


def test_an_idle_session_is_over_and_a_click_gets_another(
    page: Any, portal: RunningPortal, agent: FakeAgent, clock: SettableClock
) -> None:
    SCENES["confirm"](page, portal, agent)
    clock.advance(timedelta(minutes=15))
    go_on(page)
    heading(page, "You have been logged out")
    go_on(page)
    heading(page, "Select service")


def test_a_second_tab_shows_what_the_first_one_began(
    context: Any, page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    other = context.new_page()
    begin_renewal(other, portal)
    go_on(page)
    heading(page, "Renewing your certificates")
    assert len(agent.started) == 1
    agent.succeed()
    for each in (page, other):
        expect(each.get_by_role("heading", level=1)).to_have_text(
            "Success: certificate renewed for smartcard"
        )


def test_a_wrong_passcode_asks_again_and_says_that_one_try_is_left(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["wrong-passcode"](page, portal, agent)
    expect(page.get_by_role("alert")).to_be_focused()
    passcode = page.get_by_label("Your passcode")
    expect(passcode).to_have_attribute("aria-invalid", "true")
    expect(passcode).to_have_value("")
    expect(page.get_by_text("One try is left")).to_be_visible()
    page.get_by_role("link", name="The passcode you entered is not valid.").click()
    expect(passcode).to_be_focused()
    enter(page, "Your passcode", "111111")
    go_on(page)
    heading(page, "Renew certification confirmation")
    go_on(page)
    heading(page, "Renewing your certificates")


def test_a_passcode_of_a_form_that_no_card_has_is_asked_for_again(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    agent.refuse("operations", 422, "passcode_form", "A passcode has 4 to 8 characters.")
    go_on(page)
    heading_of_step = page.get_by_role("heading", level=1)
    expect(heading_of_step).to_have_text("Enter passcode")
    expect(page.get_by_role("alert")).to_contain_text("A passcode has 4 to 8 characters.")
    assert agent.started == []


def test_a_passcode_that_locks_the_card_leads_to_the_unlock(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    lock(agent)
    agent.fail("locked", "The card is locked.", "It is locked.", "Unlock it.")
    heading(page, "Your smartcard is locked")


def test_a_failure_says_what_happened_how_the_card_is_and_what_to_do(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["failed"](page, portal, agent)
    for text in ("The smartcard was removed.", "nothing is lost", "run the renewal again"):
        expect(page.get_by_text(text)).to_be_visible()
    page.reload()
    heading(page, "It could not be completed")
    page.get_by_role("button", name="Try again").click()
    heading(page, "Select service")


@pytest.mark.parametrize(("reason", "again"), [("unreachable", 1), ("unsupported_certificate", 0)])
def test_to_try_again_is_offered_where_that_can_help(
    page: Any, portal: RunningPortal, agent: FakeAgent, reason: str, again: int
) -> None:
    begin_renewal(page, portal)
    agent.fail(reason, "It failed.", "", "See somebody.")
    heading(page, "It could not be completed")
    expect(page.get_by_role("button", name="Try again")).to_have_count(again)


def test_a_passcode_is_changed_with_the_old_and_the_new_one_typed_twice(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_change(page, portal, "135790", "135791")
    expect(page.get_by_role("alert")).to_contain_text("The two new passcodes are not the same.")
    choose(page, "1357", "1357")
    expect(page.get_by_role("alert")).to_contain_text("A new passcode has 6 to 8 digits.")
    assert agent.started == []
    choose(page, "135790", "135790")
    heading(page, "Changing your passcode")
    agent.succeed()
    heading(page, "Your passcode was changed")
    (sent,) = agent.started
    assert (sent["passcode"], sent["new_passcode"]) == ("246810", "135790")


def test_an_unlock_goes_by_code_and_new_passcode_back_to_the_renewal(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    ask_for_code(page, portal, agent)
    expect(page.get_by_text("It is valid for 15 minutes.")).to_be_visible()
    enter(page, "Code from the email", "111111")
    choose(page, "135790", "135790")
    heading(page, "Unlocking your smartcard")
    agent.tell("enter_code", None, "awaiting_code", "The code is not right.")
    expect(page.get_by_role("alert")).to_contain_text("The code is not right.")
    enter(page, "Code from the email", "222222")
    choose(page, "135790", "135790")
    heading(page, "Unlocking your smartcard")
    agent.tell("set_passcode", 5)
    agent.succeed()
    heading(page, "Your smartcard is unlocked")
    assert [each["code"] for each in agent.codes] == ["111111", "222222"]
    agent.due(30)
    agent.set_state("signed_in")
    page.get_by_role("button", name="Continue to renewal").click()
    heading(page, "Select service")


def test_a_forgotten_passcode_is_set_without_signing_in(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.set_state("card")
    page.goto(portal.url)
    page.get_by_role("link", name="I have forgotten my passcode").click()
    page.get_by_role("button", name="Send me a code").click()
    heading(page, "Unlocking your smartcard")


@pytest.mark.parametrize(
    ("state", "link"),
    [
        ("signed_in", "Unlock a smartcard or set a forgotten passcode"),
        ("card", "I have forgotten my passcode"),
    ],
)
def test_a_passcode_that_no_code_replaces_is_told_before_one_is_sent(
    page: Any, portal: RunningPortal, agent: FakeAgent, state: str, link: str
) -> None:
    agent.view["unlockable"] = False
    agent.set_state(state)
    page.goto(portal.url)
    page.get_by_role("link", name=link).click()
    heading(page, "This smartcard cannot be unlocked here")
    expect(page.get_by_text("visit your Registration Authority")).to_be_visible()
    expect(page.get_by_role("button", name="Send me a code")).to_have_count(0)
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("link", name=link)).to_be_visible()
    assert agent.started == []


def test_a_code_that_came_too_late_is_told_as_a_failure(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    ask_for_code(page, portal, agent)
    agent.fail("unlock_over", "The code's time is over.", "It is still locked.", "Start again.")
    heading(page, "It could not be completed")
    expect(page.get_by_text("Start again.")).to_be_visible()


def test_a_ticket_for_another_card_is_asked_for_again(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["confirm"](page, portal, agent)
    agent.refuse("operations", 403, "wrong_card")
    go_on(page)
    heading(page, "Renewing your certificates")


def test_a_closed_page_has_no_session_left(
    page: Any, context: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    SCENES["closed"](page, portal, agent)
    expect(page.get_by_text("You can close this window.")).to_be_visible()
    page.wait_for_function("() => performance.getEntriesByType('resource').length > 0")
    status = page.evaluate(
        "fetch('/urswebapp/session', {headers: {'X-Selfrenew': '1'}}).then((each) => each.status)"
    )
    assert status == 401
    page.get_by_role("link", name="Open the service again").click()
    heading(page, "Select service")


def test_everything_is_reached_by_keyboard_alone(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    page.goto(portal.url)
    heading(page, "Select service")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Renew Certificate")).to_be_focused()
    page.keyboard.press("Enter")
    heading(page, "Enter passcode")
    page.keyboard.press("Tab")
    page.keyboard.type("246810")
    page.keyboard.press("Enter")
    heading(page, "Renew certification confirmation")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    heading(page, "Renewing your certificates")
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    heading(page, "You have closed this service")


def test_without_javascript_the_page_says_so_and_what_to_do(
    browser: Any, portal: RunningPortal
) -> None:
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(portal.url)
    # Playwright finds no text within noscript, so these are found by what they are.
    expect(page.locator("main:visible h1")).to_have_text("You have been logged out")
    expect(page.locator("main:visible #cause")).to_have_text(
        "JavaScript is switched off in your browser"
    )
    expect(page.locator("main:visible #link")).to_have_value(portal.url)
    page.goto(f"{portal.origin}/check")
    expect(page.locator("noscript p")).to_contain_text("only this browser and this server")
    expect(page.locator("[data-check=server] [data-part=result]")).to_have_text("OK")
    expect(page.locator("[data-check=agent] [data-part=result]")).to_have_text("Unknown")
    context.close()


def test_a_check_without_an_agent_says_what_it_can(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    agent.stop()
    page.goto(f"{portal.origin}/check")
    expect(page.get_by_text("The check is complete: one problem.")).to_be_visible()
    report = page.get_by_label("Report for the service desk")
    expect(report).to_have_value(
        re.compile("Smartcard software: Problem. The program that reads your")
    )
