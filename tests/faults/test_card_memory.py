# SPDX-License-Identifier: Apache-2.0
"""Faults that reach the card's memory, on a card that a stage has made."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from selfrenew.piv import CertificateObject, DataObject, KeyReference, ReferenceDataQualifier
from selfrenew.transport import CardConnection, CardRemovedError, NoReaderError, TransportError
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard, NothingToStrikeError, Surroundings
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

PIN = ReferenceDataQualifier.APPLICATION_PIN
SIGNING = KeyReference.DIGITAL_SIGNATURE
TAG = DataObject.DIGITAL_SIGNATURE_CERTIFICATE.tag
VERIFY = bytes.fromhex("0020008008313233343536FFFF")
TRIES = bytes.fromhex("00200080")
GET_9C = bytes.fromhex("00CB3FFF055C035FC10A00")


@pytest.fixture(scope="module")
def stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage() as running:
        yield running


class Desk:
    """A card in a reader, with faults between them."""

    def __init__(self, stage: EmbeddedStage) -> None:
        self.slept: list[float] = []
        self.clock = SettableClock(DEFAULT_NOW)
        self.card = stage.make_card(stage.make_person())
        self.other = stage.make_card(stage.make_person("Bob Brown"))
        self.board = FaultBoard(
            Surroundings(self.slept.append, self.clock, self._kill, lambda: self.other)
        )
        self.reader = EmbeddedReader()
        self.reader.insert(self.card)
        self.board.attach_reader(self.reader)
        self.killed = 0

    def _kill(self) -> None:
        self.killed += 1
        raise KeyboardInterrupt

    def connect(self) -> CardConnection:
        return self.reader.connect()


@pytest.fixture
def desk(stage: EmbeddedStage) -> Desk:
    return Desk(stage)


def test_a_wrong_passcode_counts_at_the_card(desk: Desk) -> None:
    desk.board.arm("card.wrong-passcode")
    connection = desk.connect()
    assert connection.transmit(TRIES) == b"\x63\xc3"
    assert connection.transmit(VERIFY) == b"\x63\xc2"
    assert desk.card.state.references[PIN].tries == 2
    assert connection.transmit(VERIFY) == b"\x90\x00"


def test_a_wrong_passcode_by_number_waits_for_that_command(desk: Desk) -> None:
    desk.board.arm("card.wrong-passcode:at=3")
    connection = desk.connect()
    assert connection.transmit(TRIES) == b"\x63\xc3"
    assert connection.transmit(VERIFY) == b"\x90\x00"
    assert connection.transmit(VERIFY) == b"\x63\xc2"
    assert connection.transmit(VERIFY) == b"\x90\x00"


def test_a_blocked_passcode_is_refused_by_the_card_itself(desk: Desk) -> None:
    desk.board.arm("card.pin-blocked:before=VERIFY")
    assert desk.connect().transmit(VERIFY) == b"\x69\x83"
    assert desk.card.state.references[PIN].tries == 0


def test_a_try_is_used_up_even_where_the_card_goes_within_the_comparison(desk: Desk) -> None:
    desk.board.arm("card.removed:during=VERIFY")
    with pytest.raises(CardRemovedError):
        desk.connect().transmit(VERIFY)
    assert desk.card.state.references[PIN].tries == 2


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        ("corrupt", lambda before, now: 0 < len(now) < len(before)),
        ("missing", lambda _, now: now == b""),
        ("too-large", lambda _, now: len(now) < 1000),
        ("anothers", lambda before, now: CertificateObject.from_bytes(now) and now != before),
    ],
)
def test_a_certificate_is_exchanged_in_the_memory(
    desk: Desk, kind: str, left: Callable[[bytes, bytes], bool]
) -> None:
    before = desk.card.state.objects[TAG]
    desk.board.arm(f"card.certificate:of=9c,kind={kind},before=GET DATA")
    desk.connect().transmit(GET_9C)
    assert left(before, desk.card.state.objects.get(TAG, b""))


def test_a_key_is_exchanged_in_the_memory(desk: Desk) -> None:
    before = desk.card.state.keys[SIGNING]
    desk.board.arm("card.mismatched:of=9c")
    desk.connect().transmit(TRIES)
    after = desk.card.state.keys[SIGNING]
    assert after.algorithm is before.algorithm
    assert after.material != before.material


def test_a_card_is_swapped_for_another_one(desk: Desk) -> None:
    desk.board.arm("card.swapped:before=GET DATA")
    connection = desk.connect()
    with pytest.raises(CardRemovedError):
        connection.transmit(GET_9C)
    assert desk.reader.card is desk.other
    with pytest.raises(CardRemovedError):
        connection.transmit(GET_9C)


def test_a_swap_without_another_card_says_so(desk: Desk) -> None:
    desk.board.surroundings.other_card = None
    desk.board.arm("card.swapped:before=GET DATA")
    with pytest.raises(NothingToStrikeError, match="which card comes instead"):
        desk.connect().transmit(GET_9C)


def test_a_reader_is_gone_until_it_is_plugged_in_again(desk: Desk) -> None:
    desk.board.arm("reader.unplugged:after=VERIFY")
    with pytest.raises(CardRemovedError):
        desk.connect().transmit(VERIFY)
    with pytest.raises(NoReaderError):
        desk.connect()
    desk.reader.plug_in()
    desk.reader.insert(desk.card)
    assert desk.connect().transmit(TRIES) == b"\x63\xc3"


@pytest.mark.parametrize(
    ("fault", "error"), [("reader.late", NoReaderError), ("reader.stopped", TransportError)]
)
def test_a_reader_is_not_to_be_found_as_often_as_was_said(
    desk: Desk, fault: str, error: type[Exception]
) -> None:
    desk.board.arm(f"{fault}:times=2")
    for _ in range(2):
        with pytest.raises(error):
            desk.connect()
    with closing(desk.connect()) as connection:
        assert connection.transmit(TRIES) == b"\x63\xc3"


def test_a_reset_card_forgets_what_was_verified(desk: Desk) -> None:
    desk.board.arm("card.reset:at=2")
    connection = desk.connect()
    assert connection.transmit(VERIFY) == b"\x90\x00"
    assert connection.transmit(TRIES) == b"\x63\xc3"


@pytest.mark.parametrize(
    ("order", "answer", "verified"),
    [
        ("card.status:before=VERIFY,sw=6f00", "6f00", False),
        ("card.status:after=VERIFY,sw=6f00", "6f00", True),
        ("card.memory-failure:before=VERIFY", "6581", False),
        ("card.mute:before=VERIFY", "", False),
        ("card.mute:after=VERIFY", "", True),
        ("card.garbled:after=VERIFY,kind=empty", "9000", True),
    ],
)
def test_an_answer_is_another_one_and_the_command_done_or_not(
    desk: Desk, order: str, answer: str, verified: bool
) -> None:
    desk.board.arm(order)
    connection = desk.connect()
    assert connection.transmit(VERIFY).hex() == answer
    assert connection.transmit(TRIES) == (b"\x90\x00" if verified else b"\x63\xc3")


def test_a_garbled_answer_is_shorter_or_other_bytes(desk: Desk) -> None:
    whole = desk.connect().transmit(GET_9C)
    for kind, fits in (("truncated", whole.startswith), ("garbage", lambda it: it not in whole)):
        desk.board.arm(f"card.garbled:after=GET DATA,kind={kind}")
        answer = desk.connect().transmit(GET_9C)
        assert answer[-2:] == whole[-2:]
        assert answer[:-2] != whole[:-2]
        assert fits(answer[:-2])


def test_a_garbled_refusal_is_still_one(desk: Desk) -> None:
    refused = VERIFY.replace(b"123456", b"654321")
    for kind in ("truncated", "garbage", "empty"):
        desk.board.arm(f"card.garbled:after=VERIFY,kind={kind}")
        assert desk.connect().transmit(refused)[-2:] != b"\x90\x00"
        desk.board.clear()


def test_a_slow_card_spends_its_time_with_what_was_handed_in(desk: Desk) -> None:
    desk.board.arm("card.slow:profile=contactless")
    desk.connect().transmit(TRIES)
    desk.board.clear()
    desk.board.arm("card.slow:profile=contact")
    desk.connect().transmit(TRIES)
    over_the_air, by_contact = desk.slept
    assert over_the_air > by_contact > 0


def test_the_clock_jumps_beside_the_command(desk: Desk) -> None:
    desk.board.arm("world.clock-jumps:before=VERIFY,by=-30m")
    assert desk.connect().transmit(VERIFY) == b"\x90\x00"
    assert (DEFAULT_NOW - desk.clock()).total_seconds() == 1800


def test_the_process_is_killed_once_the_command_is_done(desk: Desk) -> None:
    desk.board.arm("world.killed:after=VERIFY")
    connection = desk.connect()
    with pytest.raises(KeyboardInterrupt):
        connection.transmit(VERIFY)
    assert desk.killed == 1
    assert connection.transmit(TRIES) == b"\x90\x00"


def test_two_faults_at_one_command_are_both_played(desk: Desk) -> None:
    desk.board.arm("world.clock-jumps:at=1,by=1h")
    desk.board.arm("card.status:at=1,sw=6f00")
    assert desk.connect().transmit(TRIES) == b"\x6f\x00"
    assert desk.clock() > DEFAULT_NOW
    assert desk.board.history == ["world.clock-jumps", "card.status"]


def test_a_number_counts_from_the_arming_and_the_fault_heals(desk: Desk) -> None:
    connection = desk.connect()
    connection.transmit(TRIES)
    desk.board.arm("card.status:at=2,sw=6f00,times=2")
    answers = [connection.transmit(TRIES).hex() for _ in range(4)]
    assert answers == ["63c3", "6f00", "6f00", "63c3"]


def test_the_second_of_a_kind_is_counted(desk: Desk) -> None:
    desk.board.arm("card.status:before=GET DATA,slot=9c,count=2,sw=6f00")
    connection = desk.connect()
    assert connection.transmit(GET_9C)[-2:] != b"\x6f\x00"
    assert connection.transmit(GET_9C) == b"\x6f\x00"
