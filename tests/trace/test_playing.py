# SPDX-License-Identifier: Apache-2.0
"""A trace played as a card: strict and tolerant, and what is said where the program differs."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew.piv.client import PivClient
from selfrenew.piv.references import KeyReference
from selfrenew.secret import Secret
from selfrenew.transport import CardRemovedError, TransportError
from selfrenew_emulator.card import Card, Interface
from selfrenew_emulator.faults import PulledOutError
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.trace import (
    DivergedError,
    NothingToPlayError,
    RecordedReader,
    ScriptedCard,
    Trace,
    TraceRecorder,
    insert_scripted,
    open_played_reader,
    open_reader,
    open_recorded_reader,
    read_trace,
)

from .conftest import READ, SELECT, TRIES, VERIFY, Record

ANOTHER_PIN = "0020008008393939393939FFFF"
FAILED = b"\x6f\x00"


def send(card: ScriptedCard, *commands: str) -> list[str]:
    return [card.transmit(bytes.fromhex(command)).hex().upper() for command in commands]


def answers(trace: Trace) -> list[str]:
    return [str(event.content) for event in trace.events if event.kind.value == "answer"]


def test_the_same_commands_get_the_same_answers(record: Record, card: Card) -> None:
    commands = (SELECT, TRIES, VERIFY, TRIES, READ)
    trace = record(*commands)
    scripted = ScriptedCard(trace)
    assert scripted.power_on(Interface.CONTACT) == scripted.atr == card.atr
    assert send(scripted, *commands) == answers(trace)
    assert scripted.played
    scripted.verify()


def test_what_is_masked_matches_anything(record: Record) -> None:
    scripted = ScriptedCard(record(SELECT, VERIFY))
    assert send(scripted, SELECT, ANOTHER_PIN)[1] == "9000"
    scripted.verify()


def test_the_first_difference_is_told_decoded_and_without_a_secret(record: Record) -> None:
    told: list[str] = []
    scripted = ScriptedCard(record(SELECT, READ), on_difference=told.append)
    assert send(scripted, SELECT, ANOTHER_PIN, READ)[1:] == ["6F00", "6F00"]
    assert told == [scripted.difference]
    assert "differs from line 5" in told[0]
    assert f"there, GET DATA of the authentication certificate ({READ})" in told[0]
    assert f"now, VERIFY of the APPLICATION PIN (0020008008{'**' * 8})" in told[0]
    with pytest.raises(DivergedError, match="differs from line 5"):
        scripted.verify()


def test_a_command_more_and_a_command_less_are_differences(record: Record) -> None:
    trace = record(SELECT, TRIES)
    scripted = ScriptedCard(trace)
    assert send(scripted, SELECT, TRIES, TRIES)[2] == "6F00"
    with pytest.raises(DivergedError, match="goes on where"):
        scripted.verify()
    scripted = ScriptedCard(trace)
    send(scripted, SELECT)
    with pytest.raises(DivergedError, match=r"ended before line 5 .*VERIFY: tries left"):
        scripted.verify()


def test_a_tolerant_card_answers_in_any_order_with_what_came_next(record: Record) -> None:
    trace = record(SELECT, TRIES, VERIFY, TRIES)
    scripted = ScriptedCard(trace, tolerant=True)
    assert send(scripted, TRIES, SELECT, TRIES, TRIES, VERIFY, TRIES, TRIES) == [
        "63C3",
        answers(trace)[0],
        "63C3",
        "9000",
        "9000",
        "9000",
        "63C3",
    ]
    scripted.verify()


def test_a_tolerant_card_takes_another_le_and_another_challenge(record: Record) -> None:
    signed = "0087119A267C24820081 20" + "00" * 32
    trace = record(SELECT, signed, READ)
    scripted = ScriptedCard(trace, tolerant=True)
    said = send(scripted, signed[:-2] + "FF", READ[:-2], READ[:-2] + "10")
    assert said == [answers(trace)[1], answers(trace)[2], answers(trace)[2]]
    scripted.verify()
    assert send(scripted, signed.replace("9A", "9C"), READ) == ["6F00", answers(trace)[2]]
    with pytest.raises(DivergedError, match=r"No command of .* is like GENERAL AUTHENTICATE"):
        scripted.verify()


def test_a_card_that_went_goes_again_and_comes_back(reader: RecordedReader) -> None:
    connection = reader.connect()
    connection.transmit(bytes.fromhex(SELECT))
    inner = reader._reader  # noqa: SLF001
    assert isinstance(inner, EmbeddedReader)
    card = inner.remove()
    with pytest.raises(CardRemovedError):
        connection.transmit(bytes.fromhex(READ))
    inner.insert(card)
    reader.connect().transmit(bytes.fromhex(SELECT))
    trace = read_trace(reader.recorder.path)

    desk = insert_scripted(EmbeddedReader("Desk"), scripted := ScriptedCard(trace))
    played = desk.connect()
    played.transmit(bytes.fromhex(SELECT))
    with pytest.raises(CardRemovedError):
        played.transmit(bytes.fromhex(READ))
    assert not desk.card_present
    insert_scripted(desk, scripted)
    desk.connect().transmit(bytes.fromhex(SELECT))
    scripted.verify()


def test_a_tolerant_card_goes_once(tmp_path: Path, card: Card) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    recorder.power_up(card.atr)

    def pull(_: bytes) -> bytes:
        raise PulledOutError

    with pytest.raises(PulledOutError):
        recorder(bytes.fromhex(TRIES), pull)
    recorder.power_up(card.atr)
    recorder(bytes.fromhex(TRIES), card.transmit)
    scripted = ScriptedCard(read_trace(recorder.path), tolerant=True)
    with pytest.raises(PulledOutError):
        send(scripted, TRIES)
    assert send(scripted, TRIES, TRIES) == ["63C3", "63C3"]


def test_a_trace_without_a_command_is_refused(record: Record) -> None:
    with pytest.raises(NothingToPlayError, match="no command is in it"):
        ScriptedCard(record())


def test_a_client_that_speaks_as_before_is_answered_by_an_embedded_reader(
    reader: RecordedReader, tmp_path: Path
) -> None:
    recorded = PivClient(reader.connect())
    recorded.select()
    recorded.verify(Secret("123456"))
    assert recorded.read_certificate(KeyReference.PIV_AUTHENTICATION) is None
    desk = open_reader("trace", "desk.trace", tmp_path)
    played = PivClient(desk.connect())
    played.select()
    played.verify(Secret("654321"))
    assert played.read_certificate(KeyReference.PIV_AUTHENTICATION) is None


def test_a_transport_records_another_ones_reader(tmp_path: Path, card: Card) -> None:
    from selfrenew_emulator.card import CardImage  # noqa: PLC0415

    CardImage.create(tmp_path / "alice.card", card.state)
    reader = open_reader("recorded", "image:alice.card > alice.trace", tmp_path)
    connection = reader.connect()
    connection.transmit(bytes.fromhex(SELECT))
    connection.close()
    played = open_played_reader("tolerant:alice.trace", tmp_path)
    assert played.connect().transmit(bytes.fromhex(SELECT)).endswith(b"\x90\x00")


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("desk.trace", "names no reader and file"),
        ("image:alice.card > ", "names no reader and file"),
        ("nonsense:x > desk.trace", "no transport 'nonsense'. Known: image"),
        ("image:alice.card > none/desk.trace", "no such folder"),
    ],
)
def test_a_transport_that_cannot_record_says_why(location: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=why):
        open_recorded_reader(location, tmp_path)


def test_a_transport_that_cannot_play_says_why(tmp_path: Path) -> None:
    for location in ("none.trace", ".", "tolerant:none.trace"):
        with pytest.raises(TransportError, match="trace"):
            open_played_reader(location, tmp_path)


COMMANDS = st.sampled_from([SELECT, TRIES, VERIFY, READ, "00FD0000", "00CB3FFF035C017E00"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(conversation=st.lists(COMMANDS, min_size=1, max_size=12), changed=st.data())
def test_any_conversation_plays_as_it_went_and_a_change_in_it_is_found(
    conversation: list[str], changed: st.DataObject, tmp_path: Path, card: Card
) -> None:
    card.reset()
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk", overwrite=True)
    recorder.power_up(card.atr)
    said = [recorder(bytes.fromhex(each), card.transmit).hex().upper() for each in conversation]
    trace = read_trace(recorder.path)
    scripted = ScriptedCard(trace)
    assert send(scripted, *conversation) == said
    scripted.verify()
    place = changed.draw(st.integers(0, len(conversation) - 1))
    other = changed.draw(COMMANDS.filter(lambda each: each != conversation[place]))
    scripted = ScriptedCard(trace)
    send(scripted, *conversation[:place])
    assert scripted.difference is None
    assert send(scripted, other) == [FAILED.hex().upper()]
    assert f"differs from line {3 + 2 * place} " in str(scripted.difference)
