# SPDX-License-Identifier: Apache-2.0
"""What a torn write leaves: of the emulated card nothing, of a worse one what the kind says."""

from pathlib import Path

import pytest

from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card, CardImage, CardState, Tear, load_key
from selfrenew_emulator.card.tearing import torn_state
from selfrenew_emulator.personalisation.card_office import CardOffice
from selfrenew_emulator.randomness import seeded

KEY = bytes(range(24))
SLOT = KeyReference.DIGITAL_SIGNATURE
OLD, NEW = b"\x53\x04old!", b"\x53\x08new data"
GENERATE = bytes.fromhex("0047009C05AC0380011100")
PUT = bytes.fromhex("00DB3FFF0F5C035FC10A53080807060504030201")
TAG = 0x5FC10A


def card_to_write(algorithm: Algorithm = Algorithm.P256) -> Card:
    """Make a card with a key and an object, open for writing."""
    card = Card.blank(pin=b"123456", puk=b"12345678", management_key=KEY)
    card.power_on()
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(KEY, Algorithm.AES192)
    office.generate(SLOT, algorithm)
    card.store.put_object(TAG, b"the old content")
    card.store.commit()
    return card


def copied(state: CardState) -> tuple[dict[int, bytes], dict[int, object]]:
    return dict(state.objects), dict(state.keys)


@pytest.mark.parametrize("command", [GENERATE, PUT], ids=["GENERATE", "PUT DATA"])
def test_power_lost_within_a_write_leaves_what_was_there(command: bytes) -> None:
    card = card_to_write()
    before = copied(card.state)
    card.lose_power_within(command, Tear.OLD)
    assert copied(card.state) == before


@pytest.mark.parametrize(
    ("tear", "left"),
    [(Tear.EMPTY, b""), (Tear.HALF, bytes.fromhex("08070605")), (Tear.GARBAGE, seeded(1)(8))],
)
def test_a_torn_object_is_empty_half_or_garbage(tear: Tear, left: bytes) -> None:
    card = card_to_write()
    card.lose_power_within(PUT, tear, seeded(1))
    assert card.state.objects.get(TAG, b"") == left


@pytest.mark.parametrize("tear", [Tear.HALF, Tear.GARBAGE])
def test_a_torn_key_is_one_that_nobody_knows_the_public_part_of(tear: Tear) -> None:
    card = card_to_write()
    before = card.state.keys[SLOT]
    card.lose_power_within(GENERATE, tear)
    torn = card.state.keys[SLOT]
    assert torn.material != before.material
    load_key(torn.material)


def test_a_torn_key_may_be_none() -> None:
    card = card_to_write()
    card.lose_power_within(GENERATE, Tear.EMPTY)
    assert SLOT not in card.state.keys


@pytest.mark.parametrize("tear", list(Tear))
def test_a_card_that_lost_its_power_has_forgotten_who_was_there(tear: Tear) -> None:
    card = card_to_write()
    card.lose_power_within(PUT, tear, seeded(1))
    assert card.transmit(PUT) == b"\x69\x82"


def test_power_lost_within_a_refused_command_changes_nothing() -> None:
    card = card_to_write()
    card.reset()
    before = copied(card.state)
    card.lose_power_within(PUT, Tear.GARBAGE, seeded(1))
    assert copied(card.state) == before


def test_a_symmetric_key_stays_as_long_as_it_has_to_be() -> None:
    before = card_to_write().state
    after = Card.blank(pin=b"123456", puk=b"12345678", management_key=KEY[::-1]).state
    torn = torn_state(before, after, Tear.HALF, seeded(1))
    assert len(torn.keys[KeyReference.MANAGEMENT].material) == len(KEY)


@pytest.mark.parametrize("tear", list(Tear))
@pytest.mark.parametrize("command", [GENERATE, PUT], ids=["GENERATE", "PUT DATA"])
def test_an_image_holds_what_was_torn_and_can_be_opened(
    tmp_path: Path, command: bytes, tear: Tear
) -> None:
    path = tmp_path / "torn.card"
    CardImage.create(path, card_to_write().state)
    card = Card.open(path)
    card.power_on()
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(KEY, Algorithm.AES192)
    card.lose_power_within(command, tear, seeded(1))
    left = copied(card.state)
    card.close()
    reopened = Card.open(path)
    assert copied(reopened.state) == left
    reopened.close()
