# SPDX-License-Identifier: Apache-2.0
"""The renewal: done, tried, or broken off by a card pulled out."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from pytest_bdd import given, parsers, then, when

from selfrenew.config import Reference
from selfrenew.iso7816 import Instruction
from selfrenew.renewal import Event, ExpiredError, NotDueError, RenewalInterruptedError, events
from selfrenew.secret import Secret
from selfrenew.transport import CardConnection, CardRemovedError
from selfrenew_emulator.stage import Stage

from .attempt import Attempt, attempt
from .holder import HeldCard

# Which command of its kind takes the card's power; the signing slot's turn comes first.
_MOMENTS = {
    "before the new signing key is made": (Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, 1, False),
    "once the new signing key is made": (Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, 1, True),
    "once the new signing certificate is written": (Instruction.PUT_DATA, 1, True),
    "before the new authentication key is made": (
        Instruction.GENERATE_ASYMMETRIC_KEY_PAIR,
        2,
        False,
    ),
    "once the new authentication key is made": (
        Instruction.GENERATE_ASYMMETRIC_KEY_PAIR,
        2,
        True,
    ),
    "once the new authentication certificate is written": (Instruction.PUT_DATA, 2, True),
}
_CHAINED = 0x10


class PulledOut:
    """A connection whose card is pulled out at one command, before it or after it was done."""

    def __init__(
        self, inner: CardConnection, stage: Stage, instruction: int, count: int, after: bool
    ) -> None:
        self._inner = inner
        self._stage = stage
        self._instruction = instruction
        self._left = count
        self._after = after

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        last_of_chain = not command[0] & _CHAINED
        if command[1] == self._instruction and last_of_chain:
            self._left -= 1
            if self._left == 0:
                if self._after:
                    self._inner.transmit(command)
                self._stage.reader.remove()
                raise CardRemovedError(self._stage.reader.name)
        return self._inner.transmit(command)

    def reset(self) -> None:
        self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        return self._inner.exclusive()

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def told() -> list[Event]:
    return []


def renew(
    reference: Reference, passcode: str, observe: Callable[[Event], None] = lambda _: None
) -> Attempt:
    connection = reference.reader.connect()
    renewal = reference.renewal(Secret(passcode), connection=connection, observe=observe)
    try:
        return attempt(renewal.run)
    finally:
        connection.close()


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


@when(
    parsers.parse('Alice tries to renew her card with the passcode "{wrong}"'),
    target_fixture="attempted",
)
def tries_with_passcode(reference: Reference, wrong: str) -> Attempt:
    return renew(reference, wrong)


@when(parsers.re(r"her card is pulled out (?P<moment>.+)"), target_fixture="attempted")
def is_pulled_out(stage: Stage, reference: Reference, passcode: str, moment: str) -> Attempt:
    instruction, count, after = _MOMENTS[moment]
    inner = reference.reader.connect()
    connection = PulledOut(inner, stage, instruction, count, after)
    card = attempt(reference.renewal(Secret(passcode), connection=connection).run)
    assert card.error is not None
    return card


@given(parsers.re(r"her card was pulled out (?P<moment>.+) and put back"))
def was_pulled_out(
    stage: Stage, reference: Reference, passcode: str, held: HeldCard, moment: str
) -> None:
    is_pulled_out(stage, reference, passcode, moment)
    stage.reader.insert(held.card)


@then("she is told to put her card in and to run the renewal again")
def told_to_run_again(stage: Stage, held: HeldCard, attempted: Attempt) -> None:
    assert isinstance(attempted.error, RenewalInterruptedError)
    assert "run the renewal again" in attempted.text
    stage.reader.insert(held.card)


@then(parsers.parse('she is told "{text}"'))
def is_told(attempted: Attempt, text: str) -> None:
    assert attempted.text == text


@then("she sees the signing certificate renewed before the authentication certificate")
def sees_the_order(told: list[Event]) -> None:
    confirmed = [event.slot.name for event in told if isinstance(event, events.Confirmed)]
    assert confirmed == ["DIGITAL_SIGNATURE", "PIV_AUTHENTICATION"]


@then("the renewal is refused as not due")
def refused_as_not_due(attempted: Attempt) -> None:
    assert isinstance(attempted.error, NotDueError)
    assert "not due" in attempted.text


@then("she is sent to the Registration Authority")
def sent_to_registration_authority(attempted: Attempt) -> None:
    assert isinstance(attempted.error, ExpiredError)
    assert "Registration Authority" in attempted.text
