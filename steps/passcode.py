# SPDX-License-Identifier: Apache-2.0
"""The passcode: entered wrongly, changed, forgotten, and set anew by an unlock."""

import re

from pytest_bdd import given, parsers, then, when

from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.config import Reference
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import PasscodeBlockedError
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.secret import Secret
from selfrenew.services import ServiceRefusedError
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage, mail_address

from .attempt import Attempt, attempt
from .renewal import renew

_WRONG = "999999"
_TRIES = 3
_CODE = re.compile(r"^Your code is (\S+)$", re.MULTILINE)


def mailed_code(stage: Stage, holder: Person) -> str:
    message = stage.outbox.messages_to(mail_address(holder))[-1]
    found = _CODE.search(message.get_content())
    assert found is not None
    return found[1]


def change(reference: Reference, old: str, new: str) -> Attempt:
    client = _client(reference)
    return attempt(lambda: change_passcode(client, Secret(old), Secret(new)))


def _client(reference: Reference) -> PivClient:
    client = PivClient(reference.reader.connect())
    client.select()
    return client


def _unlock(reference: Reference, new: str, unlock: str, code: str) -> Attempt:
    client, management = _client(reference), reference.services.management
    return attempt(lambda: finish_unlock(client, management, unlock, Secret(code), Secret(new)))


@given(parsers.parse("Alice has entered a wrong passcode {count:d} times"))
def entered_wrong_passcode(reference: Reference, count: int) -> None:
    for _ in range(count):
        assert renew(reference, _WRONG).error is not None


@given("Alice has locked her card")
def locked(reference: Reference) -> None:
    entered_wrong_passcode(reference, _TRIES)


@given("Alice has forgotten her passcode", target_fixture="passcode")
def forgotten() -> str:
    return _WRONG


@when(parsers.parse('Alice changes her passcode to "{new}"'))
def changes(reference: Reference, passcode: str, new: str) -> None:
    assert change(reference, passcode, new).error is None


@given(
    parsers.parse('Alice has changed her passcode to "{new}"'),
    target_fixture="passcode",
)
def changed(reference: Reference, passcode: str, new: str) -> str:
    changes(reference, passcode, new)
    return new


@when(
    parsers.parse('Alice tries to change her passcode from "{old}" to "{new}"'),
    target_fixture="attempted",
)
def tries_to_change(reference: Reference, old: str, new: str) -> Attempt:
    return change(reference, old, new)


@when("Alice asks for an unlock code", target_fixture="unlock")
def asks_for_code(reference: Reference) -> str:
    return start_unlock(_client(reference), reference.services.management)


@when(parsers.parse('Alice unlocks her card with the new passcode "{new}"'))
def unlocks(stage: Stage, reference: Reference, alice: Person, new: str) -> None:
    unlock = asks_for_code(reference)
    attempted = _unlock(reference, new, unlock, mailed_code(stage, alice))
    assert attempted.error is None, attempted.error


@given(
    parsers.parse('Alice has unlocked her card with the new passcode "{new}"'),
    target_fixture="passcode",
)
def unlocked(stage: Stage, reference: Reference, alice: Person, new: str) -> str:
    unlocks(stage, reference, alice, new)
    return new


@when("Alice tries to unlock her card with a wrong code", target_fixture="attempted")
def tries_wrong_code(stage: Stage, reference: Reference, alice: Person) -> Attempt:
    unlock = asks_for_code(reference)
    wrong = mailed_code(stage, alice)[::-1] + "0"
    return _unlock(reference, "24681357", unlock, wrong)


@then("a mail with a code reaches Alice's address")
def mail_arrives(stage: Stage, alice: Person) -> None:
    assert mailed_code(stage, alice)


@then("the unlock is refused")
def unlock_is_refused(attempted: Attempt) -> None:
    assert isinstance(attempted.error, ServiceRefusedError)


@then(parsers.parse("she is told that {count:d} remaining tries are left"))
def told_tries(attempted: Attempt, count: int) -> None:
    found = re.search(r"(\d+) remaining", attempted.text)
    assert found is not None, attempted.text
    assert int(found[1]) == count


@then("she is told that her card is locked")
def told_locked(attempted: Attempt) -> None:
    assert isinstance(attempted.error, PasscodeBlockedError)
    assert "locked" in attempted.text


@then("she is told that a passcode has 6 to 8 digits")
def told_form(attempted: Attempt) -> None:
    assert isinstance(attempted.error, ReferenceDataFormatError)
    assert "6 to 8 digits" in attempted.text
