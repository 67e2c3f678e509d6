# SPDX-License-Identifier: Apache-2.0
"""A card that goes at a command, before it was done or after."""

import pytest

from selfrenew.transport import CardRemovedError
from selfrenew_emulator.faults import CardFaults, FaultBoard, PulledOutError
from selfrenew_emulator.reader import EmbeddedReader

GENERATE_9C = bytes.fromhex("0047009C05AC03800111")
GENERATE_9A = bytes.fromhex("0047009A05AC03800111")
GET_9C = bytes.fromhex("00CB3FFF055C035FC10A00")
TRIES = bytes.fromhex("00200080")
PUT_9C = (bytes.fromhex("10DB3FFF045C035FC1"), bytes.fromhex("00DB3FFF050A53024142"))


class Tapped:
    """A card that does whatever it is told, behind the faults of a board."""

    def __init__(self, *orders: str) -> None:
        self.board = FaultBoard()
        self.tap: CardFaults
        self.board.attach_reader(self)
        for order in orders:
            self.board.arm(order)
        self.done: list[bytes] = []

    def send(self, *commands: bytes) -> list[bytes]:
        return [self.tap(command, self._do) for command in commands]

    def _do(self, command: bytes) -> bytes:
        self.done.append(command)
        return b"\x90\x00"


@pytest.mark.parametrize(("moment", "done"), [("before", [TRIES]), ("after", [TRIES, GENERATE_9C])])
def test_the_card_goes_at_the_command_that_was_named(moment: str, done: list[bytes]) -> None:
    card = Tapped(f"card.removed:{moment}=GENERATE,slot=9c")
    with pytest.raises(PulledOutError):
        card.send(TRIES, GENERATE_9C)
    assert card.done == done
    assert card.board.history == ["card.removed"]


def test_the_same_command_about_another_key_goes_through() -> None:
    card = Tapped("card.removed:after=GENERATE,slot=9c", "card.removed:before=PUT DATA,slot=9c")
    card.send(GENERATE_9A, GET_9C, TRIES)
    assert card.done == [GENERATE_9A, GET_9C, TRIES]
    assert card.board.history == []


def test_a_chain_is_one_command_whose_object_may_be_named_across_its_parts() -> None:
    card = Tapped("card.removed:before=PUT DATA,slot=9c")
    with pytest.raises(PulledOutError):
        card.send(*PUT_9C)
    assert card.done == [PUT_9C[0]]


def test_a_chain_that_was_not_finished_is_no_part_of_the_next_command() -> None:
    card = Tapped("card.removed:before=PUT DATA,slot=9c")
    card.send(PUT_9C[0], TRIES, PUT_9C[1])
    assert card.board.history == []


def test_it_heals_after_as_many_times_as_was_said_or_when_cleared() -> None:
    card = Tapped("card.removed:before=VERIFY,times=2")
    for _ in range(2):
        with pytest.raises(PulledOutError):
            card.send(TRIES)
    card.send(TRIES)
    card.board.arm("card.removed:before=VERIFY")
    card.board.clear()
    card.send(TRIES)
    assert card.board.history == ["card.removed"] * 2


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\x00\xdb\x3f\xff\x02\x5c\x03", GET_9C[:-3]])
def test_what_is_no_command_goes_through_to_the_card(junk: bytes) -> None:
    card = Tapped("card.removed:before=GET DATA,slot=9c", "card.removed:before=PUT DATA,slot=9c")
    card.send(junk)
    assert card.done == [junk]


def test_a_reader_whose_card_went_is_empty_and_told_so(
    selfrenew_faults: FaultBoard, selfrenew_reader: EmbeddedReader
) -> None:
    told: list[bool] = []
    selfrenew_faults.attach_reader(selfrenew_reader)
    selfrenew_reader.on_removal(lambda: told.append(selfrenew_reader.card_present))
    selfrenew_faults.arm("card.removed:after=VERIFY")
    connection = selfrenew_reader.connect()
    with pytest.raises(CardRemovedError):
        connection.transmit(TRIES)
    assert told == [False]
    assert not selfrenew_reader.card_present
