# SPDX-License-Identifier: Apache-2.0
"""Of several readers the one with the card that is wanted, and no other."""

import pytest

from selfrenew.transport import (
    AmbiguousCardError,
    CardConnection,
    NoServiceError,
    NoSuchCardError,
    Reader,
    choose,
    holders_of,
)
from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.reader import EmbeddedReader

SELECT = bytes.fromhex("00A404000BA000000308000010000100")
WANTED = "the smartcard that is wanted"


def reader(name: str, card: Card | None = None) -> EmbeddedReader:
    made = EmbeddedReader(name)
    if card is not None:
        made.insert(card)
    return made


def blank() -> Card:
    return Card.blank(pin=b"123456", puk=b"12345678", management_key=bytes(24))


def only(card: Card) -> object:
    def is_wanted(connection: CardConnection) -> bool:
        connection.transmit(SELECT)
        return getattr(connection, "insertion").card is card  # noqa: B009  not of the protocol

    return is_wanted


def names(readers: list[Reader]) -> list[str]:
    return [each.name for each in readers]


def test_the_reader_of_the_wanted_card_is_connected_to() -> None:
    mine, other = blank(), blank()
    readers = [reader("empty"), reader("other", other), reader("mine", mine)]
    holder, connection = choose(readers, only(mine), WANTED)  # type: ignore[arg-type]
    assert holder.name == "mine"
    assert connection.transmit(SELECT)[-2:] == b"\x90\x00"


def test_where_several_hold_it_none_is_taken() -> None:
    readers = [reader("one", blank()), reader("two", blank())]
    with pytest.raises(AmbiguousCardError, match="one, two"):
        choose(readers, lambda _: True, WANTED)


def test_where_none_holds_it_that_is_told() -> None:
    with pytest.raises(NoSuchCardError, match="None of the 2"):
        choose([reader("one", blank()), reader("two")], lambda _: False, WANTED)


def test_a_card_that_goes_as_it_is_looked_at_is_not_the_wanted_one() -> None:
    board, going = FaultBoard(), reader("going", blank())
    board.attach_reader(going)
    board.arm("card.removed:before=SELECT")
    mine = blank()
    found = holders_of([going, reader("mine", mine)], only(mine))  # type: ignore[arg-type]
    assert names(found) == ["mine"]
    assert board.history == ["card.removed"]


def test_a_service_that_does_not_run_is_told_and_not_taken_for_an_empty_reader() -> None:
    board, stopped = FaultBoard(), reader("stopped", blank())
    board.attach_reader(stopped)
    board.arm("reader.stopped")
    with pytest.raises(NoServiceError):
        choose([stopped], lambda _: True, WANTED)


def test_a_card_that_was_exchanged_between_the_looking_and_the_connecting_is_left_alone() -> None:
    answers = iter([True, False])
    with pytest.raises(NoSuchCardError):
        choose([reader("one", blank())], lambda _: next(answers), WANTED)
