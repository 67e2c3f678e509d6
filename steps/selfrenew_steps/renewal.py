# SPDX-License-Identifier: Apache-2.0
"""The renewal: done, tried, or broken off by a card pulled out."""

from collections.abc import Callable

import pytest
from pytest_bdd import given, parsers, then, when

from selfrenew.cmp import CmpError
from selfrenew.config import Reference
from selfrenew.renewal import (
    Event,
    ExpiredError,
    NotDueError,
    RenewalInterruptedError,
    events,
    slot_name,
)
from selfrenew.secret import Secret
from selfrenew_emulator.faults import CARD_REMOVED, FaultBoard
from selfrenew_emulator.stage import Stage
from selfrenew_emulator.stage.remote import RemoteFaults

from .attempt import Attempt, attempt
from .holder import HeldCard

# The command at which the card goes, as the catalogue of faults has it.
_MOMENTS = {
    "before the new signing key is made": "before=GENERATE,slot=9c",
    "while the new signing key is made": "during=GENERATE,slot=9c",
    "once the new signing key is made": "after=GENERATE,slot=9c",
    "while the new signing certificate is written": "during=PUT DATA,slot=9c",
    "once the new signing certificate is written": "after=PUT DATA,slot=9c",
    "before the new authentication key is made": "before=GENERATE,slot=9a",
    "while the new authentication key is made": "during=GENERATE,slot=9a",
    "once the new authentication key is made": "after=GENERATE,slot=9a",
    "while the new authentication certificate is written": "during=PUT DATA,slot=9a",
    "once the new authentication certificate is written": "after=PUT DATA,slot=9a",
}


@pytest.fixture
def told() -> list[Event]:
    return []


def renew(
    reference: Reference, passcode: str, observe: Callable[[Event], None] = lambda _: None
) -> Attempt:
    return attempt(lambda: reference.renew(Secret(passcode), observe=observe))


@when("Alice renews her card", target_fixture="attempted")
def renews(reference: Reference, passcode: str, told: list[Event]) -> Attempt:
    attempted = renew(reference, passcode, told.append)
    assert attempted.error is None, attempted.error
    return attempted


@given("Alice has renewed her card")
def has_renewed(reference: Reference, passcode: str, told: list[Event]) -> None:
    renews(reference, passcode, told)


@when("Alice tries to renew her card", target_fixture="attempted")
def tries_to_renew(reference: Reference, passcode: str) -> Attempt:
    return renew(reference, passcode)


@given("Alice has tried to renew her card")
def has_tried_to_renew(reference: Reference, passcode: str) -> None:
    assert renew(reference, passcode).error is not None


@when(
    parsers.parse('Alice tries to renew her card with the passcode "{wrong}"'),
    target_fixture="attempted",
)
def tries_with_passcode(reference: Reference, wrong: str) -> Attempt:
    return renew(reference, wrong)


PullOut = Callable[[str], Attempt]


@pytest.fixture
def pull_out(
    card_faults: FaultBoard | RemoteFaults, reference: Reference, passcode: str
) -> PullOut:
    """Begin a renewal, whose card is pulled out at a moment."""

    def begin(moment: str) -> Attempt:
        pulled = card_faults.arm(f"{CARD_REMOVED.name}:{_MOMENTS[moment]}")
        attempted = renew(reference, passcode)
        assert attempted.error is not None
        assert pulled.strikes == 1
        return attempted

    return begin


@when(parsers.re(r"her card is pulled out (?P<moment>.+)"), target_fixture="attempted")
def is_pulled_out(pull_out: PullOut, moment: str) -> Attempt:
    return pull_out(moment)


@given(parsers.re(r"her card was pulled out (?P<moment>.+) and put back"))
def was_pulled_out(pull_out: PullOut, stage: Stage, held: HeldCard, moment: str) -> None:
    pull_out(moment)
    stage.reader.insert(held.card)


@then("she is told to put her card in and to run the renewal again")
def told_to_run_again(stage: Stage, held: HeldCard, attempted: Attempt) -> None:
    assert isinstance(attempted.error, RenewalInterruptedError)
    assert "run the renewal again" in attempted.text
    stage.reader.insert(held.card)


@then("she is told to run the renewal again")
def told_to_run_it_again(attempted: Attempt) -> None:
    assert isinstance(attempted.error, RenewalInterruptedError)
    assert "run the renewal again" in attempted.text


@then("she is told to try again later")
def told_to_try_later(attempted: Attempt) -> None:
    assert isinstance(attempted.error, CmpError)
    assert "ry again later" in attempted.text


@then(parsers.parse('she is told "{text}"'))
def is_told(attempted: Attempt, text: str) -> None:
    assert attempted.text == text


@then(
    parsers.re(
        r"she sees the (?P<first>signing|authentication) certificate renewed before the "
        r"(?P<second>signing|authentication) certificate"
    )
)
def sees_the_order(told: list[Event], first: str, second: str) -> None:
    confirmed = [slot_name(event.slot) for event in told if isinstance(event, events.Confirmed)]
    assert confirmed == [first, second]


@then("the renewal is refused as not due")
def refused_as_not_due(attempted: Attempt) -> None:
    assert isinstance(attempted.error, NotDueError)
    assert "not due" in attempted.text


@then("she is sent to the Registration Authority")
def sent_to_registration_authority(attempted: Attempt) -> None:
    assert isinstance(attempted.error, ExpiredError)
    assert "Registration Authority" in attempted.text
