# SPDX-License-Identifier: Apache-2.0
"""The browser: the system's Chromium, driven from Python, where a test may have it."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd import given, parsers, then, when

from selfrenew.portal import Assets, load_assets

from .desk import Desk
from .reporting.wanted import next_screenshot
from .service_portal import ServicePortal

if TYPE_CHECKING:
    from .service_page import ServicePage

_log = logging.getLogger("selfrenew_steps")
_OPEN = pytest.StashKey[list[Any]]()
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
PATIENCE_MILLISECONDS = 60_000
_OPENED_SECONDS = 60
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_USER_AGENTS = {
    "Internet Explorer 11": "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Edge in Internet Explorer mode": (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
    ),
    "Chrome 80": f"{_WINDOWS} Chrome/80.0.3987.149 Safari/537.36",
    "Safari": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Safari/605.1.15"
    ),
}
# Chromium's client hints name it under any user agent; these browsers send none.
_NO_HINTS = {"sec-ch-ua": "", "sec-ch-ua-platform": "", "sec-ch-ua-mobile": ""}
_ANY_OTHER = f"(?P<name>{'|'.join(_USER_AGENTS)})"
OpenTab = Callable[..., "ServicePage"]
"""Opens a tab of a browser that is, or says that it is, one by name; None for the real one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--browser", action="store_true", help="run the page in Chromium too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium, which --browser lets it have")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--browser"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="needs Chromium: run with --browser"))


@pytest.fixture(scope="session")
def assets() -> Assets:
    return load_assets()


def chromium() -> dict[str, Any]:
    """Give how to launch the system's Chromium.

    Its engine alone, which Playwright's own headless Chromium is too, does the same in half of the
    whole browser's time.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.fail("There is no chromium: apt-get install chromium")
    # Chromium's sandbox does not start as root, as which CI runs.
    unconfined = os.environ.get("CI") == "true" or os.geteuid() == 0
    arguments = [*_QUIET, *(["--no-sandbox"] if unconfined else [])]
    return {"executable_path": program, "args": arguments}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415  with --browser only

    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**chromium())
        yield running
        running.close()


@pytest.fixture
def open_tab(browser: Any, request: pytest.FixtureRequest) -> Iterator[OpenTab]:
    """Open tabs whose scripts may not fail unnoticed."""
    from .service_page import ServicePage  # noqa: PLC0415  needs playwright

    contexts, failed = [], []
    tabs = request.node.stash.setdefault(_OPEN, [])

    def open_one(name: str | None = None) -> ServicePage:
        context = browser.new_context(
            ignore_https_errors=True,
            locale="en-GB",
            timezone_id="Europe/London",
            user_agent=None if name is None else _USER_AGENTS[name],
            extra_http_headers=None if name is None else _NO_HINTS,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        tab = context.new_page()
        tabs.append(tab)
        tab.on("pageerror", lambda error: failed.append(str(error)))
        return ServicePage(tab)

    yield open_one
    for context in contexts:
        context.close()
    assert failed == []


def pytest_bdd_after_scenario(request: pytest.FixtureRequest) -> None:
    """Take a picture of each tab as the scenario left it, where a report is wanted."""
    for tab in request.node.stash.get(_OPEN, []):
        file = next_screenshot(request.node)
        if file is None:
            return
        try:
            tab.screenshot(path=file, full_page=True, animations="disabled")
        except playwright_error() as error:
            # What the scenario says holds with a picture or without.
            _log.warning("Taking %s failed: %s", file, error)


def playwright_error() -> type[Exception]:
    from playwright.sync_api import Error  # noqa: PLC0415  needed with --browser only

    base: type[Exception] = Error
    return base


@pytest.fixture
def tab(open_tab: OpenTab) -> "ServicePage":
    return open_tab()


@pytest.fixture
def default_browser() -> str | None:
    return None


@given(parsers.parse("her default browser is {name}"), target_fixture="default_browser")
def default_browser_is(name: str) -> str:
    return name


@when("Alice opens the service in her browser")
def opens_service(desk: Desk, portal: ServicePortal, tab: "ServicePage") -> None:
    tab.open(portal.url)


@given(parsers.re(rf"Alice opened the service in {_ANY_OTHER}"), target_fixture="tab")
@when(parsers.re(rf"Alice opens the service in {_ANY_OTHER}"), target_fixture="tab")
def opens_service_in(
    desk: Desk, portal: ServicePortal, open_tab: OpenTab, name: str
) -> "ServicePage":
    tab = open_tab(name)
    tab.open(portal.url)
    return tab


@when("Alice copies the link of the page into her browser", target_fixture="tab")
def copies_link(tab: "ServicePage", open_tab: OpenTab) -> "ServicePage":
    supported = open_tab()
    supported.open(tab.link_to_copy)
    return supported


@when("Alice opens the check of the set-up")
def opens_check(desk: Desk, portal: ServicePortal, tab: "ServicePage") -> None:
    tab.open(f"{portal.origin}/check")


@when("Alice loads the page again")
def loads_again(tab: "ServicePage") -> None:
    tab.reload()


@then("exactly the address of the renewal service opens in her browser", target_fixture="tab")
def address_opens(
    desk: Desk, portal: ServicePortal, open_tab: OpenTab, default_browser: str | None
) -> "ServicePage":
    opened = desk.opened.get(timeout=_OPENED_SECONDS)
    assert opened == portal.url
    tab = open_tab(default_browser)
    tab.open(opened)
    return tab


@then("no browser opens")
def no_browser_opens(desk: Desk) -> None:
    assert desk.opened.empty()
