# SPDX-License-Identifier: Apache-2.0
"""The passcode: entered wrongly, changed, forgotten, and set anew by an unlock."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from pytest_bdd import given, parsers, then, when

from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.config import Reference
from selfrenew.iso7816 import Tlv
from selfrenew.piv import DataObject
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import PasscodeBlockedError
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.secret import Secret
from selfrenew.services import ServiceRefusedError
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage, mail_address
from selfrenew_emulator.stage.remote import RemoteFaults

from .attempt import Attempt, attempt
from .renewal import renew

_WRONG = "999999"
_TRIES = 3
_CODE = re.compile(r"^Your code is (\S+)$", re.MULTILINE)


def mailed_code(stage: Stage, holder: Person, number: int = -1) -> str:
    message = stage.outbox.messages_to(mail_address(holder))[number]
    found = _CODE.search(message.get_content())
    assert found is not None
    return found[1]


def change(reference: Reference, old: str, new: str) -> Attempt:
    with _client(reference) as client:
        return attempt(lambda: change_passcode(client, Secret(old), Secret(new)))


@contextmanager
def _client(reference: Reference) -> Iterator[PivClient]:
    with closing(reference.reader.connect()) as connection:
        client = PivClient(connection)
        client.select()
        yield client


def _unlock(reference: Reference, new: str, unlock: str, code: str) -> Attempt:
    management = reference.services.management
    with _client(reference) as client:
        return attempt(lambda: finish_unlock(client, management, unlock, Secret(code), Secret(new)))


@given(parsers.parse("Alice has entered a wrong passcode {count:d} times"))
def entered_wrong_passcode(reference: Reference, count: int) -> None:
    for _ in range(count):
        assert renew(reference, _WRONG).error is not None


@given("Alice has locked her card")
def locked(reference: Reference) -> None:
    entered_wrong_passcode(reference, _TRIES)


@given("the passcode of her card is shared with other applications on it")
def passcode_is_shared(stage: Stage, alice: Person, passcode: str) -> None:
    shared = passcode.encode()
    card = stage.make_card(alice, days_left=30, passcode=shared, global_pin=shared)
    make_global_pin_primary(card)
    stage.reader.remove()
    stage.reader.insert(card)


def make_global_pin_primary(card: Card) -> None:
    """Have a card name its Global PIN as the one to ask for (SP 800-73-5 Part 1, 3.3.2)."""
    policy = bytes.fromhex("4F0BA0000003080000100001005F2F026020")
    card.store.put_object(DataObject.DISCOVERY.tag, bytes(Tlv(DataObject.DISCOVERY.tag, policy)))
    card.store.commit()


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
    with _client(reference) as client:
        return start_unlock(client, reference.services.management)


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


@given("the mail with Alice's unlock code was lost")
def code_was_lost(
    stage: Stage, reference: Reference, alice: Person, mail_faults: FaultBoard | RemoteFaults
) -> None:
    lost = mail_faults.arm("mail.lost")
    asks_for_code(reference)
    assert lost.strikes == 1
    assert not stage.outbox.messages_to(mail_address(alice))


@given(
    parsers.parse("the mail with Alice's unlock code comes {minutes:d} minutes late"),
    target_fixture="delay",
)
def code_comes_late(mail_faults: FaultBoard | RemoteFaults, minutes: int) -> timedelta:
    mail_faults.arm(f"mail.late:by={minutes}m")
    return timedelta(minutes=minutes)


@when("Alice tries to unlock her card with the code once it has come", target_fixture="attempted")
def tries_late_code(
    stage: Stage, reference: Reference, alice: Person, clock: SettableClock, delay: timedelta
) -> Attempt:
    unlock = asks_for_code(reference)
    assert not stage.outbox.messages_to(mail_address(alice))
    clock.advance(delay)
    return _unlock(reference, "24681357", unlock, mailed_code(stage, alice))


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


@then("she is told that no code unlocks it, and where to go")
def told_that_no_code_unlocks(attempted: Attempt) -> None:
    assert "cannot be unlocked by self-service" in attempted.text
    assert "Registration Authority" in attempted.text
    assert "selfrenew unlock" not in attempted.text


@then("she is told that her card is locked")
def told_locked(attempted: Attempt) -> None:
    assert isinstance(attempted.error, PasscodeBlockedError)
    assert "locked" in attempted.text


@then("she is told that a passcode has 6 to 8 digits")
def told_form(attempted: Attempt) -> None:
    assert isinstance(attempted.error, ReferenceDataFormatError)
    assert "6 to 8 digits" in attempted.text
