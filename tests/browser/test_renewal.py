# SPDX-License-Identifier: Apache-2.0
"""From opening the page to having logged back in with the new certificate."""

from typing import Any

from playwright.sync_api import expect

from selfrenew_steps.running_portal import RunningPortal
from tests.browser.fake_agent import FakeAgent
from tests.browser.moving import begin_renewal, enter, go_on, heading


def test_a_renewal_goes_from_select_service_to_logging_back_in(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    page.goto(portal.url)
    heading(page, "Select service")
    expect(page).to_have_title("Select service - Smartcard Service")
    expect(page.get_by_text("Signed in as Alice Archer")).to_be_visible()
    expect(page.get_by_label("Renew Certificate")).to_be_checked()
    go_on(page)
    heading(page, "Enter passcode")
    enter(page, "Your passcode", "246810")
    go_on(page)
    heading(page, "Renew certification confirmation")
    expect(page.get_by_text("Do not remove your smartcard.")).to_be_visible()
    go_on(page)
    heading(page, "Renewing your certificates")
    assert [(each["passcode"], set(each)) for each in agent.started] == [
        ("246810", {"ticket", "passcode"})
    ]
    agent.tell("signing_key", 175)
    expect(page.get_by_text("About 3 minutes left", exact=True)).to_be_visible()
    row = page.get_by_role("listitem").filter(
        has_text="Making the new key for signatures In progress"
    )
    expect(row).to_have_attribute("aria-current", "step")
    expect(page.locator("#announcer")).to_have_text(
        "Step 4 of 10: Making the new key for signatures. About 3 minutes left."
    )
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")
    relogin = page.locator("[data-part=relogin]")
    expect(relogin).to_have_text("Waiting for you to remove your smartcard.")
    agent.set_state("no_card")
    expect(relogin).to_contain_text("Put it back in the reader.")
    agent.set_state("card")
    expect(relogin).to_contain_text("Enter your passcode when you are asked.")
    agent.set_state("signed_in", "2B")
    expect(relogin).to_have_text(
        "You are logged in to the Spine with your new certificate, serial number 2B."
    )


def test_the_portal_never_sees_the_passcode(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    sent: list[str] = []
    page.on("request", lambda each: sent.append(f"{each.url} {each.headers} {each.post_data}"))
    begin_renewal(page, portal)
    to_portal = [each for each in sent if each.startswith(portal.origin)]
    assert len(to_portal) > 3
    assert not [each for each in to_portal if "246810" in each]
    (with_passcode,) = [each for each in sent if "246810" in each]
    assert with_passcode.startswith(f"http://127.0.0.1:{agent.port}/v1/operations ")


def test_progress_goes_on_after_a_reload(
    page: Any, portal: RunningPortal, agent: FakeAgent
) -> None:
    begin_renewal(page, portal)
    agent.tell("signing_certificate", 100)
    page.reload()
    heading(page, "Renewing your certificates")
    expect(page.get_by_text("About 2 minutes left", exact=True)).to_be_visible()
    agent.succeed()
    heading(page, "Success: certificate renewed for smartcard")
    page.reload()
    heading(page, "Success: certificate renewed for smartcard")
