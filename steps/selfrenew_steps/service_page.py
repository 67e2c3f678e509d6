# SPDX-License-Identifier: Apache-2.0
"""The page 'Smartcard Service' as a person uses it."""

import re
from collections.abc import Callable

from playwright.sync_api import Error, Locator, Page, expect

_OVER = ("succeeded", "changed", "unlocked", "failed", "locked", "lost", "unreachable", "expired")
_PROBLEM = "main:has([role=alert]:not([hidden]))"
# Chromium breaks off what it loads when a network interface comes or goes, as a container's does.
# The page that says so, or the page that then loads itself again, may break off the next try.
_BROKEN_OFF = ("net::ERR_NETWORK_CHANGED", "is interrupted by another navigation")
_OPENED_AGAIN_MAX = 10


class ServicePage:
    """A tab of a browser; each `expect…` waits until it is so, and says what was there instead."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def open(self, url: str) -> None:
        self._load(lambda: self.tab.goto(url))

    def reload(self) -> None:
        self._load(self.tab.reload)

    def _load(self, load: Callable[[], object]) -> None:
        for _ in range(_OPENED_AGAIN_MAX):
            try:
                load()
            except Error as error:
                if not any(each in str(error) for each in _BROKEN_OFF):
                    raise
                self.tab.wait_for_load_state()
            else:
                return
        load()

    # What a person does.

    def choose(self, service: str) -> None:
        self.tab.get_by_label(service).check()

    def press(self, button: str) -> None:
        self.tab.get_by_role("button", name=button, exact=True).click()

    def go_to(self, name: str) -> None:
        """Follow a link, or press what looks like one."""
        link = self.tab.get_by_role("link", name=name)
        link.or_(self.tab.get_by_role("button", name=name)).click()

    def enter(self, field: str, text: str) -> None:
        self.tab.get_by_label(field, exact=True).fill(text)

    def enter_passcode(self, passcode: str) -> None:
        self.expect_heading("Enter passcode")
        self.enter("Your passcode", passcode)
        self.press("Continue")

    def enter_new_passcode(self, passcode: str) -> None:
        self.enter("Your new passcode", passcode)
        self.enter("Your new passcode again", passcode)
        self.press("Continue")

    def begin_renewal(self, url: str, passcode: str) -> None:
        """Go through the three steps."""
        self.open(url)
        self.expect_heading("Select service")
        self.choose("Renew Certificate")
        self.press("Continue")
        self.enter_passcode(passcode)
        self.expect_heading("Renew certification confirmation")
        self.press("Continue")

    def renew(self, url: str, passcode: str) -> None:
        """Renew, and wait for what comes of it."""
        self.begin_renewal(url, passcode)
        self.wait_for_end()

    def change_passcode(self, url: str, passcode: str, new: str) -> None:
        """Change the passcode, and wait for what comes of it."""
        self.open(url)
        self.expect_heading("Select service")
        self.choose("Change Passcode")
        self.press("Continue")
        self.enter_passcode(passcode)
        self.expect_heading("Choose a new passcode")
        self.enter_new_passcode(new)
        self.wait_for_end()

    def start_unlock(self) -> None:
        """Ask for the code, from the page that offers it."""
        self.expect_heading("Unlock your smartcard")
        self.press("Send me a code")
        self.wait_for_end("code")

    def finish_unlock(self, code: str, new: str) -> None:
        """Enter the code and a new passcode, and wait for what comes of it."""
        self.expect_heading("Enter the code and a new passcode")
        self.enter("Code from the email", code)
        self.enter_new_passcode(new)
        self.wait_for_end()

    # What a person sees.

    def expect_heading(self, text: str) -> None:
        expect(self._heading).to_have_text(text)

    def wait_for_end(self, *others: str) -> None:
        """Wait until an operation does not go on by itself, or comes to another state."""
        states = [f"main[data-state={state}]" for state in (*_OVER, *others)]
        self.tab.locator(", ".join([*states, _PROBLEM])).wait_for()

    def expect_text(self, text: str | re.Pattern[str]) -> None:
        expect(self.tab.locator("body")).to_contain_text(text, use_inner_text=True)

    def expect_problem(self, text: str) -> None:
        expect(self.tab.get_by_role("alert")).to_contain_text(text)

    def expect_services(self, *names: str) -> None:
        expect(self.tab.get_by_role("radio")).to_have_count(len(names))
        for name in names:
            expect(self.tab.get_by_role("radio", name=name)).to_be_visible()

    def expect_button(self, name: str) -> None:
        expect(self.tab.get_by_role("button", name=name, exact=True)).to_be_enabled()

    def expect_offered(self, service: str, *, offered: bool) -> None:
        expect(self.tab.get_by_label(service)).to_be_enabled(enabled=offered)

    def expect_reason(self, service: str, text: str) -> None:
        expect(self.tab.get_by_label(service)).to_have_accessible_description(re.compile(text))

    def expect_steps(self, *names: str) -> None:
        steps = self.tab.get_by_role("navigation", name="Steps").get_by_role("listitem")
        expect(steps).to_have_text(list(names))

    def expect_step_at_work(self, name: str) -> None:
        step = self.tab.locator("[aria-current=step]")
        expect(step).to_have_text(f"{name} In progress")

    def expect_relogin(self, text: str) -> None:
        expect(self.tab.locator("[data-part=relogin]")).to_have_text(text)

    def expect_browsers(self, *names: str) -> None:
        table = self.tab.get_by_role("table", name="Browsers that can be used")
        for name in names:
            expect(table.get_by_role("rowheader", name=name)).to_be_visible()

    def expect_contact(self, name: str, text: str) -> None:
        named = self.tab.get_by_role("term").filter(has_text=re.compile(f"^{re.escape(name)}$"))
        entry = self.tab.locator("dl.portal-contacts > div").filter(has=named)
        expect(entry.get_by_role("definition")).to_contain_text(text)

    def expect_check(self, name: str, result: str) -> None:
        report = self.tab.get_by_label("Report for the service desk")
        expect(report).to_have_value(re.compile(f"^{re.escape(name)}: {result}", re.MULTILINE))

    @property
    def link_to_copy(self) -> str:
        link: str = self.tab.get_by_label("Copy this link").input_value()
        return link

    @property
    def text(self) -> str:
        text: str = self.tab.locator("body").inner_text()
        return text.strip()

    @property
    def _heading(self) -> Locator:
        return self.tab.get_by_role("heading", level=1)
