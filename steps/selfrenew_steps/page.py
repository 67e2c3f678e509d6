# SPDX-License-Identifier: Apache-2.0
"""The page 'Smartcard Service': what Alice does on it, and what it tells her."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then, when

from selfrenew.agent import Login
from selfrenew.transport import Reader
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage
from selfrenew_emulator.stage.key_making import HeldKeyMaking

from .card_contents import read_contents
from .desk import Desk
from .passcode import mailed_code
from .service_portal import ServicePortal

if TYPE_CHECKING:
    from .service_page import ServicePage

_WRONG = "999999"


@given("the page of the service is open")
def page_is_open(portal: ServicePortal, tab: "ServicePage") -> None:
    tab.open(portal.url)
    tab.expect_heading("Select service")


@when(parsers.re(r'she selects "(?P<service>[^"]+)" and presses "(?P<button>[^"]+)"'))
def selects(tab: "ServicePage", service: str, button: str) -> None:
    tab.choose(service)
    tab.press(button)


@when(parsers.re(r'she selects "(?P<service>[^"]+)" and enters her passcode'))
def selects_and_enters(tab: "ServicePage", passcode: str, service: str) -> None:
    selects(tab, service, "Continue")
    tab.enter_passcode(passcode)


@when(parsers.parse('she presses "{button}"'))
def presses(tab: "ServicePage", button: str) -> None:
    tab.press(button)


@given("Alice has renewed her card on the page")
@when("Alice renews her card on the page")
def renews_on_page(portal: ServicePortal, tab: "ServicePage", passcode: str) -> None:
    tab.renew(portal.url, passcode)


@when("Alice tries to renew her card on the page with a wrong passcode")
def tries_with_wrong_passcode(portal: ServicePortal, tab: "ServicePage") -> None:
    tab.renew(portal.url, _WRONG)


@given(parsers.parse('the renewal on the page has come to "{step}"'))
@when(parsers.parse('the renewal on the page comes to "{step}"'))
def comes_to(portal: ServicePortal, tab: "ServicePage", passcode: str, step: str) -> None:
    tab.begin_renewal(portal.url, passcode)
    tab.expect_step_at_work(step)


@when("her card goes on")
def card_goes_on(tab: "ServicePage", key_making: HeldKeyMaking) -> None:
    key_making.go_on()
    tab.wait_for_end()


@when("she takes her card out in the middle of that")
def takes_out_in_the_middle(stage: Stage, desk: Desk, tab: "ServicePage") -> None:
    stage.reader.remove()
    desk.ca_may_answer.set()
    tab.wait_for_end()


@when(parsers.parse('Alice changes her passcode on the page to "{new}"'))
def changes_on_page(portal: ServicePortal, tab: "ServicePage", passcode: str, new: str) -> None:
    tab.change_passcode(portal.url, passcode, new)


@given("Alice opened the service in her browser")
def opened(portal: ServicePortal, tab: "ServicePage") -> None:
    tab.open(portal.url)


@given(parsers.parse('she went on to "{link}" for another code'))
def went_for_another_code(tab: "ServicePage", link: str) -> None:
    tab.press("Continue to renewal")
    went_for_code(tab, link)


@given(parsers.parse('she went to "{link}" for a code'))
def went_for_code(tab: "ServicePage", link: str) -> None:
    tab.go_to(link)
    tab.start_unlock()


@when(parsers.parse('she goes to "{link}" for a code'))
def goes_for_code(tab: "ServicePage", link: str) -> None:
    went_for_code(tab, link)


@given(parsers.parse("{minutes:d} minutes have passed"))
def minutes_pass(clock: SettableClock, minutes: int) -> None:
    clock.advance(timedelta(minutes=minutes))


@given("no mail goes out")
def no_mail(stage: Stage) -> None:
    stage.mail.refusal = "421 too busy"


@given(
    parsers.parse('she has entered the code from her mail and the new passcode "{new}"'),
    target_fixture="passcode",
)
@when(
    parsers.parse('she enters the code from her mail and the new passcode "{new}"'),
    target_fixture="passcode",
)
def enters_code(stage: Stage, alice: Person, tab: "ServicePage", new: str) -> str:
    tab.finish_unlock(mailed_code(stage, alice), new)
    return new


@when(parsers.parse('she enters a wrong code and the new passcode "{new}"'))
def enters_wrong_code(stage: Stage, alice: Person, tab: "ServicePage", new: str) -> None:
    tab.finish_unlock(mailed_code(stage, alice)[::-1] + "0", new)


@when(parsers.parse('she enters the code of her first mail and the new passcode "{new}"'))
def enters_used_code(stage: Stage, alice: Person, tab: "ServicePage", new: str) -> None:
    tab.finish_unlock(mailed_code(stage, alice, number=0), new)


@then(parsers.parse('she sees "{heading}"'))
def sees(tab: "ServicePage", heading: str) -> None:
    tab.expect_heading(heading)


@then(parsers.parse('the page says "{text}"'))
def page_says(tab: "ServicePage", text: str) -> None:
    tab.expect_text(text)


@then(parsers.parse('the page objects "{text}"'))
def page_objects(tab: "ServicePage", text: str) -> None:
    tab.expect_problem(text)


@then("the page is blank")
def page_is_blank(tab: "ServicePage") -> None:
    assert tab.text == ""


@then(parsers.parse('the page says nothing but "{text}"'))
def page_says_only(tab: "ServicePage", text: str) -> None:
    assert tab.text == text


@then(parsers.parse('the page offers "{first}" and "{second}"'))
def page_offers(tab: "ServicePage", first: str, second: str) -> None:
    tab.expect_services(first, second)


@then(parsers.parse('the page has the buttons "{first}" and "{second}"'))
def page_has_buttons(tab: "ServicePage", first: str, second: str) -> None:
    tab.expect_button(first)
    tab.expect_button(second)


@then(parsers.parse('the page shows the steps "{first}", "{second}" and "{third}"'))
def page_shows_steps(tab: "ServicePage", first: str, second: str, third: str) -> None:
    tab.expect_steps(first, second, third)


@then(parsers.parse('"{service}" is active'))
def is_active(tab: "ServicePage", service: str) -> None:
    tab.expect_offered(service, offered=True)


@then(parsers.parse('"{service}" is not active, because "{reason}"'))
def is_not_active(tab: "ServicePage", service: str, reason: str) -> None:
    tab.expect_offered(service, offered=False)
    tab.expect_reason(service, reason)


@then(parsers.parse('the page shows "{step}" in progress'))
def shows_in_progress(tab: "ServicePage", step: str) -> None:
    tab.expect_step_at_work(step)


@then("the page names the browsers that can be used")
def names_browsers(tab: "ServicePage") -> None:
    tab.expect_browsers("Microsoft Edge", "Google Chrome", "Mozilla Firefox")


@then("the page gives the link to copy")
def gives_link(portal: ServicePortal, tab: "ServicePage") -> None:
    assert tab.link_to_copy == portal.url


@then(parsers.parse('the page gives "{text}" as the contact "{name}"'))
def gives_contact(tab: "ServicePage", text: str, name: str) -> None:
    tab.expect_contact(name, text)


@then(parsers.parse('the report says of "{subject}": "{result}"'))
def report_says(tab: "ServicePage", subject: str, result: str) -> None:
    tab.expect_check(subject, result)


@then("the page names the new certificates of her card")
def names_new_certificates(card_reader: Reader, tab: "ServicePage") -> None:
    for certificate in read_contents(card_reader).certificates.values():
        tab.expect_text(f"serial number {certificate.serial_number:X}")


@then("the page says that she is logged in to the Spine with her new certificate")
def page_confirms(tab: "ServicePage", login: Login) -> None:
    tab.expect_relogin(
        "You are logged in to the Spine with your new certificate, serial number "
        f"{login.certificate_serial:X}."
    )
