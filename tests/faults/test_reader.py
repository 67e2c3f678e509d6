# SPDX-License-Identifier: Apache-2.0
"""A second reader that appears with another card beside the first."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from selfrenew.transport import CardConnection, CardRemovedError
from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import FaultBoard, NothingToStrikeError, Surroundings
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import EmbeddedStage

TRIES = bytes.fromhex("00200080")


def blank() -> Card:
    return Card.blank(pin=b"123456", puk=b"12345678", management_key=bytes(24))


@pytest.fixture
def board() -> FaultBoard:
    return FaultBoard(Surroundings(other_card=blank))


@pytest.fixture
def reader() -> Iterator[EmbeddedReader]:
    reader = EmbeddedReader()
    reader.insert(blank())
    yield reader
    reader.stand_alone()


def test_it_appears_at_its_command_and_the_first_one_goes_on(
    board: FaultBoard, reader: EmbeddedReader
) -> None:
    board.attach_reader(reader)
    board.arm("reader.two-at-once:after=VERIFY,count=2")
    connection: CardConnection = reader.connect()
    assert connection.transmit(TRIES) == b"\x63\xc3"
    assert reader.neighbours == ()
    assert connection.transmit(TRIES) == b"\x63\xc3"
    (second,) = reader.neighbours
    assert second.name != reader.name
    assert second.card is not None
    assert second.card is not reader.card
    assert connection.transmit(TRIES) == b"\x63\xc3"


@pytest.mark.parametrize("armed_first", [True, False])
def test_without_a_command_it_is_there_from_the_arming_on_and_goes_when_cleared(
    board: FaultBoard, reader: EmbeddedReader, *, armed_first: bool
) -> None:
    if armed_first:
        board.arm("reader.two-at-once")
        board.attach_reader(reader)
    else:
        board.attach_reader(reader)
        board.arm("reader.two-at-once")
    assert len(reader.neighbours) == 1
    assert board.history == ["reader.two-at-once"]
    board.clear()
    assert reader.neighbours == ()


def test_without_a_card_for_it_that_is_said(reader: EmbeddedReader) -> None:
    board = FaultBoard()
    board.attach_reader(reader)
    with pytest.raises(NothingToStrikeError, match="no card for it"):
        board.arm("reader.two-at-once")
    assert board.armed == ()


@pytest.mark.parametrize("order", ["card.swapped:after=VERIFY", "reader.two-at-once:after=VERIFY"])
def test_a_stage_has_another_persons_card_at_hand(
    selfrenew_stage: EmbeddedStage,
    selfrenew_reader: EmbeddedReader,
    selfrenew_faults: FaultBoard,
    order: str,
) -> None:
    own = selfrenew_reader.card
    selfrenew_faults.arm(order)
    connection = selfrenew_reader.connect()
    with suppress(CardRemovedError):
        connection.transmit(TRIES)
    cards = [each.card for each in (selfrenew_reader, *selfrenew_reader.neighbours)]
    (other,) = [each for each in cards if each is not own]
    assert other is not None
    assert set(other.state.keys) >= {0x9A, 0x9C}
