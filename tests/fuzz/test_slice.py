# SPDX-License-Identifier: Apache-2.0
"""A slice of the fuzzer that is the same in each run, and proof that its rules can be broken."""

import logging
from collections.abc import Callable

import pytest

from selfrenew_emulator.card import Card

from .choices import GivenChoices, SeededChoices
from .moves import MOVES, play
from .world import KINDS, InvariantError, Tally, World

PIN = 0x80
STATUS = bytes.fromhex("00200080")


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_answers_every_command_by_the_rules(kind: str) -> None:
    tally = Tally()
    for number in range(12):
        name = f"slice/{kind}/{number}"
        play(World(kind, name, tally), SeededChoices(name), 60)
    assert tally.commands > 500
    assert tally.statuses["9000"] > 100


def test_each_move_is_made_on_each_card() -> None:
    tally = Tally()
    for kind in KINDS:
        for move in dict.fromkeys(MOVES):
            move(World(kind, "moves", tally), SeededChoices(move.__name__))
    assert tally.commands > len(KINDS)


def test_a_run_is_repeated_by_its_choices() -> None:
    raw = bytes(range(256)) * 4
    transcripts = []
    for _ in range(2):
        world = World("CS2", "again", Tally())
        choices = GivenChoices(raw)
        play(world, choices, 30)
        transcripts.append([line[:8] for line in world.transcript])
    assert transcripts[0] == transcripts[1]


def lose_two_tries(card: Card, _command: bytes) -> bytes:
    reference = card.state.references[PIN]
    card.store.put_reference(PIN, reference.with_tries(reference.tries - 2))
    card.store.commit()
    return b"\x63\xc1"


def lose_a_try_in_silence(card: Card, _command: bytes) -> bytes:
    reference = card.state.references[PIN]
    card.store.put_reference(PIN, reference.with_tries(reference.tries - 1))
    card.store.commit()
    return b"\x90\x00"


def write_though_refused(card: Card, _command: bytes) -> bytes:
    card.store.put_object(0x5FC105, b"other")
    card.store.commit()
    return b"\x69\x82"


def log_an_error(_card: Card, _command: bytes) -> bytes:
    logging.getLogger("selfrenew_emulator.card.card").error("the card failed inside a command")
    return b"\x90\x00"


def keep_what_no_image_has(card: Card, _command: bytes) -> bytes:
    card.store.put_object(0x123456, b"stray")
    card.store.commit()
    return b"\x90\x00"


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (lambda _card, _command: b"", "status word"),
        (lambda _card, _command: b"\x6f\x00", "no bug"),
        (lambda _card, _command: b"data\x69\x82", "no data"),
        (log_an_error, "no bug"),
        (lose_two_tries, "costs one try"),
        (lose_a_try_in_silence, "is told"),
        (write_though_refused, "writes no object"),
    ],
)
def test_a_card_that_breaks_a_rule_is_found_out(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[Card, bytes], bytes], rule: str
) -> None:
    world = World("contact", "broken", Tally())
    world.send(STATUS)
    monkeypatch.setattr(Card, "transmit", broken)
    with pytest.raises(InvariantError, match=rule) as failure:
        world.send(STATUS)
    assert STATUS.hex() in str(failure.value)


def test_a_state_that_no_image_has_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("contact", "broken", Tally())
    monkeypatch.setattr(Card, "transmit", keep_what_no_image_has)
    with pytest.raises(Exception, match="no object"):
        world.send(STATUS)
