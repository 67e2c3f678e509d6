# SPDX-License-Identifier: Apache-2.0
"""The faults that stand before a portal."""

from typing import Any

import pytest

from selfrenew_emulator.faults import PORTAL_FAULTS, PortalFaults, UnknownFaultError
from selfrenew_steps.running_portal import PAGE
from tests.portal.conftest import Client

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def faults(portal: Any) -> PortalFaults:
    return PortalFaults(portal.client.application)


@pytest.mark.parametrize(
    ("name", "text"),
    [("portal.blank-page", ""), ("portal.logged-out", "You have been logged out")],
)
def test_an_armed_fault_stands_in_for_every_page(
    faults: PortalFaults, name: str, text: str
) -> None:
    faults.arm(name)
    client = Client(faults)
    for path in (PAGE, "/check", "/urswebapp/help/ie-mode"):
        answer = client.get(path, headers=HTML)
        assert (answer.status_code, answer.text) == (200, text)
    assert faults.history == [name] * 3
    assert PORTAL_FAULTS[name].reason.endswith(".")


def test_what_programs_ask_goes_through(faults: PortalFaults) -> None:
    faults.arm("portal.blank-page")
    client = Client(faults)
    assert client.get("/health").json() == {"status": "ok"}
    assert client.post("/urswebapp/agent/handoffs", json={}).status_code == 422
    assert faults.history == []


def test_a_fault_heals_after_as_many_times_as_was_said_or_when_cleared(
    faults: PortalFaults,
) -> None:
    client = Client(faults)
    faults.arm("portal.blank-page", times=1)
    assert client.get(PAGE, headers=HTML).text == ""
    assert client.get(PAGE, headers=HTML).text != ""
    faults.arm("portal.blank-page")
    faults.clear()
    assert client.get(PAGE, headers=HTML).text != ""


def test_an_unknown_fault_lists_the_known_ones(faults: PortalFaults) -> None:
    with pytest.raises(UnknownFaultError, match=r"portal\.blank-page, portal\.logged-out"):
        faults.arm("portal.nonsense")
