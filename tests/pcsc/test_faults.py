# SPDX-License-Identifier: Apache-2.0
"""Faults of card and reader as PC/SC programs meet them: another card, two, none at all."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.config.pcsc_reader import open_pcsc_reader
from selfrenew.renewal import NotDueError, RenewalInterruptedError
from selfrenew.secret import Secret
from selfrenew.transport import (
    AmbiguousCardError,
    CardRemovedError,
    NoReaderError,
    NoServiceError,
    TransportError,
)
from selfrenew.transport.pcsc import PcscReader, list_readers
from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import FaultBoard, Surroundings
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader
from selfrenew_emulator.stage import TEST_PASSCODE, LocalStage

from .conftest import MANAGEMENT_KEY, PIN, PUK, until
from .test_renewal import guid_of

TRIES = bytes.fromhex("00200080")
FULL = b"\x63\xc3"
PASSCODE = Secret(TEST_PASSCODE)


class Desk:
    """A card in the first slot, another one at hand, and the faults between them."""

    def __init__(self, pcscd: PrivatePcscd, card: Card) -> None:
        self.card = card
        self.other = Card.blank(pin=PIN, puk=PUK, management_key=MANAGEMENT_KEY)
        self.reader: VpcdReader[LinkedCard] = pcscd.reader()
        self.board = FaultBoard(Surroundings(other_card=lambda: self.other))
        self.board.attach_reader(self.reader)
        self.reader.insert(card)
        self.seen = PcscReader(self.reader.name)
        assert self.seen.wait_for_card(20)

    def tries(self) -> bytes:
        """Ask the card that is in, as soon as programs see it."""
        answers: list[bytes] = []

        def answered() -> bool:
            try:
                connection = self.seen.connect()
            except TransportError:
                return False
            try:
                answers.append(connection.transmit(TRIES))
            except TransportError:
                return False
            finally:
                connection.close()
            return True

        until(answered, "no card is there again")
        return answers[0]


@pytest.fixture
def desk(slots: object, pcscd: PrivatePcscd, blank_card: Card) -> Iterator[Desk]:
    desk = Desk(pcscd, blank_card)
    yield desk
    desk.board.clear()
    desk.reader.close()


def test_a_card_is_swapped_for_another_one(desk: Desk) -> None:
    desk.board.arm("card.swapped:after=VERIFY,count=2")
    connection = desk.seen.connect()
    assert connection.transmit(TRIES) == FULL
    with pytest.raises(CardRemovedError):
        connection.transmit(TRIES)
    until(lambda: desk.reader.card is desk.other, "the other card did not come")
    with pytest.raises(CardRemovedError):
        connection.transmit(TRIES)
    assert desk.tries() == FULL
    assert desk.board.history == ["card.swapped"]


@pytest.mark.parametrize(
    ("order", "error"), [("reader.stopped", NoServiceError), ("reader.late", NoReaderError)]
)
def test_a_service_is_stopped_or_has_no_readers_until_that_is_cleared(
    desk: Desk, pcscd: PrivatePcscd, order: str, error: type[TransportError]
) -> None:
    desk.board.arm(order)
    with pytest.raises(error):
        desk.seen.connect()
    desk.board.clear()
    assert list_readers() == pcscd.reader_names
    assert desk.tries() == FULL
    assert desk.board.history == [order]


def test_a_reader_is_unplugged_with_its_card_at_a_command(desk: Desk, pcscd: PrivatePcscd) -> None:
    desk.board.arm("reader.unplugged:before=VERIFY")
    connection = desk.seen.connect()
    with pytest.raises(CardRemovedError):
        connection.transmit(TRIES)
    until(no_readers, "the reader is still there")
    with pytest.raises(NoReaderError):
        desk.seen.connect()
    desk.board.clear()
    assert list_readers() == pcscd.reader_names
    assert not desk.seen.card_present
    desk.reader.insert(desk.card)
    assert desk.tries() == FULL


def no_readers() -> bool:
    try:
        return list_readers() == []
    except NoServiceError:
        return False


def test_a_second_reader_gets_a_card_and_the_first_one_goes_on(
    desk: Desk, pcscd: PrivatePcscd
) -> None:
    desk.board.arm("reader.two-at-once:after=VERIFY")
    connection = desk.seen.connect()
    assert connection.transmit(TRIES) == FULL
    assert PcscReader(pcscd.reader_names[1]).wait_for_card(20)
    assert connection.transmit(TRIES) == FULL
    desk.board.clear()
    until(lambda: not PcscReader(pcscd.reader_names[1]).card_present, "it is still there")
    assert connection.transmit(TRIES) == FULL


@pytest.fixture
def alice(stage: LocalStage) -> Card:
    card = stage.make_card(stage.make_person("Alice Archer"))
    stage.reader.insert(card)
    return card


def test_a_renewal_leaves_the_card_alone_that_comes_instead_of_its_own(
    stage: LocalStage, reference: Reference, selfrenew_faults: FaultBoard, alice: Card
) -> None:
    bob = stage.make_card(stage.make_person("Bob Brown"))
    untouched = deepcopy(bob.state)
    selfrenew_faults.surroundings.other_card = lambda: bob
    selfrenew_faults.arm("card.swapped:after=GENERATE,slot=9c")
    with pytest.raises(RenewalInterruptedError, match="run the renewal again"):
        reference.renew(PASSCODE)
    until(lambda: stage.reader.card is bob, "the other card did not come")
    assert stage.reader.remove() is bob
    assert bob.state == untouched
    stage.reader.insert(alice)
    assert len(reference.renew(PASSCODE).new) == 2


def test_a_renewal_goes_on_with_its_own_card_when_another_reader_gets_one(
    stage: LocalStage,
    selfrenew_faults: FaultBoard,
    alice: Card,
) -> None:
    bob = stage.make_card(stage.make_person("Bob Brown"))
    untouched = deepcopy(bob.state)
    selfrenew_faults.surroundings.other_card = lambda: bob
    selfrenew_faults.arm("reader.two-at-once:before=GENERATE,slot=9c")
    with by_card(stage) as reference:
        assert len(reference.renew(PASSCODE).new) == 2
        with pytest.raises(AmbiguousCardError):
            reference.renew(PASSCODE)
    with by_card(stage, guid_of(alice)) as reference, pytest.raises(NotDueError):
        reference.renew(PASSCODE)
    assert bob.state == untouched


def by_card(stage: LocalStage, guid: bytes = b"") -> Reference:
    """Have whichever reader holds the card: this very one, or where none is named, the only one."""
    reader = open_pcsc_reader(f"guid:{guid.hex()}" if guid else "", stage.folder.path)
    return assemble(load_configuration(stage.config_file), reader=reader, clock=stage.clock)
