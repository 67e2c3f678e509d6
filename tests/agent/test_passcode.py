# SPDX-License-Identifier: Apache-2.0
"""Changing a passcode, and unlocking: on the real card, with the real card management."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import (
    GlobalPinError,
    PasscodeBlockedError,
    WrongPasscodeError,
    WrongPukError,
)
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.secret import Secret
from selfrenew.services import (
    ServiceError,
    ServiceRefusedError,
    UnlockKeys,
)
from selfrenew.transport import CardConnection, CardRemovedError
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, mail_address
from selfrenew_steps.card_contents import takes_passcode, tries_left
from selfrenew_steps.passcode import make_global_pin_primary

OLD, NEW = "123456", "24681357"


@pytest.fixture(scope="module")
def stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


@pytest.fixture
def holder(stage: EmbeddedStage) -> Iterator[Person]:
    person = stage.make_person()
    stage.reader.insert(stage.make_card(person))
    yield person
    if stage.reader.card_present:
        stage.reader.remove()


@pytest.fixture
def reference(stage: EmbeddedStage, holder: Person) -> Iterator[Reference]:
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as made:
        yield made


def connected(connection: CardConnection) -> PivClient:
    client = PivClient(connection)
    client.select()
    return client


def puk_tries(stage: EmbeddedStage) -> int:
    """Ask with a new PIN of no form: a try is only used up where the PUK is compared."""
    card = stage.reader.remove()
    stage.reader.insert(card)
    return card.state.references[0x81].tries


def code_for(stage: EmbeddedStage, holder: Person) -> Secret:
    text = stage.outbox.messages_to(mail_address(holder))[-1].get_content()
    found = re.search(r"^Your code is (\d+)$", text, re.MULTILINE)
    assert found is not None
    return Secret(found[1])


def unlock(
    stage: EmbeddedStage, reference: Reference, holder: Person, connection: CardConnection
) -> None:
    management = reference.services.management
    with_reader = connected(stage.reader.connect())
    identifier = start_unlock(with_reader, management)
    client = connected(connection)
    finish_unlock(client, management, identifier, code_for(stage, holder), Secret(NEW))


def lock(stage: EmbeddedStage) -> None:
    client = connected(stage.reader.connect())
    for _ in range(2):
        with pytest.raises(WrongPasscodeError):
            client.verify(Secret("999999"))
    with pytest.raises(PasscodeBlockedError):
        client.verify(Secret("999999"))
    assert tries_left(stage.reader) == 0


def test_the_changed_passcode_alone_is_taken(stage: EmbeddedStage, reference: Reference) -> None:
    change_passcode(connected(stage.reader.connect()), Secret(OLD), Secret(NEW))
    assert takes_passcode(stage.reader, NEW)
    assert not takes_passcode(stage.reader, OLD)


@pytest.mark.parametrize("new", ["12345", "123456789", "12345a", "", "\uff11" * 6, "123 456"])
def test_a_new_passcode_of_no_form_does_not_reach_the_card(
    stage: EmbeddedStage, reference: Reference, new: str
) -> None:
    sent: list[bytes] = []
    client = connected(Watched(stage, sent.append))
    sent.clear()
    for change in (
        lambda: change_passcode(client, Secret(OLD), Secret(new)),
        lambda: finish_unlock(client, reference.services.management, "u", Secret("1"), Secret(new)),
    ):
        with pytest.raises(ReferenceDataFormatError, match="6 to 8 digits") as refused:
            change()
        assert not new or new not in str(refused.value)
    assert not sent
    assert takes_passcode(stage.reader, OLD)


def test_where_the_passcode_is_the_global_pin_nobody_is_asked_to_unlock_it(
    stage: EmbeddedStage, reference: Reference, holder: Person
) -> None:
    card = stage.reader.remove()
    make_global_pin_primary(card)
    stage.reader.insert(card)
    client = connected(stage.reader.connect())
    management = reference.services.management
    with pytest.raises(GlobalPinError):
        start_unlock(client, management)
    assert not stage.outbox.messages_to(mail_address(holder))
    # An unlock that is not known would be refused by card management.
    with pytest.raises(GlobalPinError):
        finish_unlock(client, management, "none", Secret("1"), Secret(NEW))


def test_a_wrong_old_passcode_costs_one_try(stage: EmbeddedStage, reference: Reference) -> None:
    with pytest.raises(WrongPasscodeError, match="You have 2 remaining tries"):
        change_passcode(connected(stage.reader.connect()), Secret("999999"), Secret(NEW))
    assert tries_left(stage.reader) == 2
    assert takes_passcode(stage.reader, OLD)


class Watched:
    """Tells of each command; what is told may take the card out by raising."""

    def __init__(self, stage: EmbeddedStage, tell: Callable[[bytes], None]) -> None:
        self._inner = stage.reader.connect()
        self._tell = tell

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        self._tell(command)
        return self._inner.transmit(command)

    def reset(self) -> None:
        self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        return self._inner.exclusive()

    def close(self) -> None:
        self._inner.close()


class PulledOut(Watched):
    """A card taken out at one command, before or after it was done."""

    def __init__(self, stage: EmbeddedStage, at: int, *, done: bool) -> None:
        super().__init__(stage, lambda _: None)
        self._stage = stage
        self._left = at
        self._done = done
        self.card = None

    def transmit(self, command: bytes) -> bytes:
        self._left -= 1
        if self._left:
            return super().transmit(command)
        if self._done:
            super().transmit(command)
        self.card = self._stage.reader.remove()
        raise CardRemovedError(self._stage.reader.name)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_unlock_broken_off_at_any_command_is_done_by_another(
    stage: EmbeddedStage, reference: Reference, holder: Person, at: int, done: bool
) -> None:
    """SELECT, GET DATA, RESET RETRY COUNTER, and CHANGE REFERENCE DATA for the PUK."""
    lock(stage)
    pulled = PulledOut(stage, at, done=done)
    with pytest.raises(CardRemovedError):
        unlock(stage, reference, holder, pulled)
    assert pulled.card is not None
    stage.reader.insert(pulled.card)
    for _ in range(3):
        unlock(stage, reference, holder, stage.reader.connect())
        assert takes_passcode(stage.reader, NEW)
        assert tries_left(stage.reader) == 3
        assert puk_tries(stage) == 3


@pytest.mark.parametrize(
    "done", [False, True], ids=["card has the old key", "card has the new key"]
)
def test_unlocks_broken_off_twice_leave_a_card_that_can_be_unlocked(
    stage: EmbeddedStage, reference: Reference, holder: Person, done: bool
) -> None:
    """A try for the wrong key and one for the card taken out are two of three; no third is lost.

    The first breaks off at CHANGE REFERENCE DATA, the second in RESET RETRY COUNTER with the key
    that the card has; a card uses a try up ahead of its comparison.
    """
    lock(stage)
    pulled = PulledOut(stage, 4, done=done)
    with pytest.raises(CardRemovedError):
        unlock(stage, reference, holder, pulled)
    assert pulled.card is not None
    stage.reader.insert(pulled.card)
    if done:
        # The one that is tried second is the one that it has, whichever that is.
        told = reference.services.management
        identifier = start_unlock(connected(stage.reader.connect()), told)
        authorisation = told.confirm_code(identifier, code_for(stage, holder))
        told.unlock_keys(identifier, authorisation)
        told.report_refused(identifier, authorisation)
    board = FaultBoard()
    board.attach_reader(stage.reader)
    board.arm("card.removed:during=RESET RETRY COUNTER,count=2")
    with pytest.raises(CardRemovedError):
        unlock(stage, reference, holder, stage.reader.connect())
    board.clear()
    stage.reader.insert(pulled.card)
    unlock(stage, reference, holder, stage.reader.connect())
    assert takes_passcode(stage.reader, NEW)
    assert puk_tries(stage) == 3


@pytest.mark.parametrize("answered", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("path", ["code", "keys", "done"])
def test_an_unlock_whose_request_or_answer_is_lost_is_done_by_another(
    stage: EmbeddedStage, reference: Reference, holder: Person, path: str, answered: bool
) -> None:
    lock(stage)

    def lose_request(request: httpx.Request) -> None:
        if request.url.path.endswith(path):
            raise httpx.ConnectError("the line was cut", request=request)

    def lose_answer(response: httpx.Response) -> None:
        if response.request.url.path.endswith(path):
            response.read()
            raise httpx.ReadError("the line was cut", request=response.request)

    reference.http.event_hooks = (
        {"response": [lose_answer]} if answered else {"request": [lose_request]}
    )
    with pytest.raises(ServiceError):
        unlock(stage, reference, holder, stage.reader.connect())
    reference.http.event_hooks = {}
    unlock(stage, reference, holder, stage.reader.connect())
    assert takes_passcode(stage.reader, NEW)
    assert puk_tries(stage) == 3


def test_each_unlock_replaces_the_unlocking_key(
    stage: EmbeddedStage, reference: Reference, holder: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    management, given = reference.services.management, list[UnlockKeys]()
    hand_out = management.unlock_keys

    def noting(identifier: str, authorisation: Secret) -> UnlockKeys:
        given.append(hand_out(identifier, authorisation))
        return given[-1]

    monkeypatch.setattr(management, "unlock_keys", noting)
    for _ in range(2):
        unlock(stage, reference, holder, stage.reader.connect())
    assert given[1].candidates == (given[0].next,)
    client = connected(stage.reader.connect())
    with pytest.raises(WrongPukError):
        client.reset_passcode(given[0].candidates[0], Secret(OLD))
    client.reset_passcode(given[1].next, Secret(OLD))


def test_a_wrong_code_gives_no_key(
    stage: EmbeddedStage, reference: Reference, holder: Person
) -> None:
    lock(stage)
    client, management = connected(stage.reader.connect()), reference.services.management
    identifier = start_unlock(client, management)
    wrong = str(int(code_for(stage, holder).reveal()) + 1)
    with pytest.raises(ServiceRefusedError) as refused:
        finish_unlock(client, management, identifier, Secret(wrong), Secret(NEW))
    assert refused.value.reason == "wrong_code"
    assert tries_left(stage.reader) == 0
    assert puk_tries(stage) == 3
