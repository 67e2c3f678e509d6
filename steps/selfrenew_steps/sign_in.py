# SPDX-License-Identifier: Apache-2.0
"""Signing in to the Spine, the notice of expiry, and whether the ticket is still good."""

import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_bdd import given, parsers, then, when

from selfrenew.agent import AgentSession, Login
from selfrenew.config import Reference
from selfrenew.secret import Secret
from selfrenew.services import ServiceRefusedError
from selfrenew.transport import MonitoredReader, Reader
from selfrenew_emulator.stage import Stage

from .attempt import Attempt, attempt
from .card_contents import read_contents

Validate = Callable[[str], dict[str, Any]]


@pytest.fixture
def session(card_reader: Reader, reference: Reference) -> Iterator[AgentSession]:
    session = reference.session()
    assert isinstance(card_reader, MonitoredReader)
    end = card_reader.on_removal(session.card_removed)
    yield session
    end()
    session.end()


@pytest.fixture
def validate(stage: Stage) -> Iterator[Validate]:
    """Ask the Spine about a ticket as an application would, with another HTTP client."""
    context = ssl.create_default_context(cafile=stage.root_file)
    with httpx.Client(
        verify=context, base_url=stage.urls.spine, trust_env=False, timeout=60
    ) as client:

        def ask(ticket: str) -> dict[str, Any]:
            answer = client.post("/tickets/validation", json={"ticket": ticket})
            answer.raise_for_status()
            return dict(answer.json())

        yield ask


@given("Alice is signed in", target_fixture="login")
@when("Alice signs in", target_fixture="login")
def signs_in(session: AgentSession, passcode: str) -> Login:
    return session.sign_in(Secret(passcode), lambda roles: roles[0])


@when(parsers.re(r'Alice signs in as "(?P<role>[^"]+)"'), target_fixture="login")
def signs_in_as(session: AgentSession, passcode: str, role: str) -> Login:
    return session.sign_in(
        Secret(passcode), lambda roles: next(each for each in roles if each.name == role)
    )


@when("Alice tries to sign in", target_fixture="attempted")
def tries_to_sign_in(session: AgentSession, passcode: str) -> Attempt:
    return attempt(lambda: session.sign_in(Secret(passcode), lambda roles: roles[0]))


@given(parsers.parse('Alice answered the notice with "No"'))
@when(parsers.parse('Alice answers the notice with "No"'), target_fixture="link")
def answers_no(login: Login) -> str:
    assert login.notice is not None
    return login.notice.later


@then(parsers.parse('the Spine vouches for her in the role "{role}"'))
def spine_vouches_in_role(login: Login, validate: Validate, role: str) -> None:
    answer = validate(login.spine.ticket)
    assert answer["valid"] is True
    assert answer["role"]["name"] == role


@then("the Spine vouches for her with the new authentication certificate")
def spine_vouches_with_new(card_reader: Reader, login: Login, validate: Validate) -> None:
    answer = validate(login.spine.ticket)
    new = read_contents(card_reader).certificates["authentication"]
    assert answer["valid"] is True
    assert int(answer["certificate_serial"], 16) == new.serial_number


@then("the Spine still accepts her ticket")
def ticket_is_good(login: Login, validate: Validate) -> None:
    assert validate(login.spine.ticket)["valid"] is True


@then("the Spine no longer accepts her ticket")
def ticket_is_dead(login: Login, validate: Validate) -> None:
    # The agent hears of a card taken out from PC/SC's monitor, a moment later.
    deadline = time.monotonic() + 10
    while validate(login.spine.ticket)["valid"] and time.monotonic() < deadline:
        pass
    assert validate(login.spine.ticket)["valid"] is False


@then(parsers.parse("the sign-in is refused because the certificate is {reason}"))
def sign_in_is_refused(attempted: Attempt, reason: str) -> None:
    error = attempted.error
    refusal = error if isinstance(error, ServiceRefusedError) else error and error.__cause__
    assert isinstance(refusal, ServiceRefusedError)
    assert refusal.reason == reason


@then(parsers.re(r"she is notified that (?P<days>\d+) days are left"), converters={"days": int})
def is_notified(login: Login, days: int) -> None:
    assert login.notice is not None
    assert login.notice.days_left == days


@then(parsers.parse('the notice asks "{question}"'))
def notice_asks(login: Login, question: str) -> None:
    assert login.notice is not None
    assert login.notice.text == question


@then("the notice gives the address of the renewal service")
def notice_gives_address(reference: Reference, login: Login) -> None:
    assert login.notice is not None
    assert login.notice.url == reference.configuration.portal.url


@then("she is shown the address of the renewal service to copy")
def shown_the_link(reference: Reference, link: str) -> None:
    assert reference.configuration.portal.url in link


@then("she gets no notice")
def gets_no_notice(login: Login) -> None:
    assert login.notice is None
