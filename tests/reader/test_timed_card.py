# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.config import assemble, load_configuration
from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret
from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import CONTACT
from selfrenew_emulator.reader import TimedCard
from selfrenew_emulator.stage import EmbeddedStage

GENERATE_RSA = bytes.fromhex("0047009A05AC03800107")
GENERATE_P256 = bytes.fromhex("0047009A05AC03800111")
SIGN_RSA = bytes.fromhex("0087079A047C028200")
TRIES = bytes.fromhex("00200080")


def timed(card: object, taken: list[float]) -> TimedCard:
    return TimedCard(card, CONTACT, sleep=taken.append)  # type: ignore[arg-type]


def test_a_key_takes_longest_and_rsa_longer_than_a_curve() -> None:
    seconds = [
        CONTACT.seconds(command, b"\x90\x00")
        for command in (GENERATE_RSA, GENERATE_P256, SIGN_RSA, TRIES)
    ]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 60


def test_only_the_end_of_a_chain_is_worked_on() -> None:
    assert CONTACT.seconds(b"\x10" + GENERATE_RSA[1:], b"\x90\x00") < 1


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_take_a_time(command: bytes, answer: bytes) -> None:
    assert CONTACT.seconds(command, answer) > 0


def test_the_answer_is_the_cards_and_comes_after_the_time() -> None:
    taken: list[float] = []
    card = SimpleNamespace(transmit=lambda _: b"\x63\xc3")
    assert timed(card, taken).transmit(TRIES) == b"\x63\xc3"
    assert taken == [CONTACT.seconds(TRIES, b"\x63\xc3")]


def test_a_renewal_takes_an_ordinary_card_about_as_long_as_the_service_says(
    selfrenew_stage: EmbeddedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """'This takes around three minutes.'"""
    taken: list[float] = []
    card: Card = selfrenew_stage.make_card(
        selfrenew_stage.make_person(), algorithm=Algorithm.RSA2048
    )
    slow = timed(SimpleNamespace(transmit=card.transmit), taken)
    monkeypatch.setattr(card, "transmit", slow.transmit)
    selfrenew_stage.reader.insert(card)
    configuration = load_configuration(selfrenew_stage.config_file)
    reader, clock = selfrenew_stage.reader, selfrenew_stage.clock
    with assemble(configuration, reader=reader, clock=clock) as reference:
        reference.renew(Secret("123456"))
    assert 150 < sum(taken) < 210
