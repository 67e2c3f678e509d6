# SPDX-License-Identifier: Apache-2.0
"""Who may read what on a complete card, by raw APDUs (SP 800-73-4 Part 1, tables 2 and 7)."""

from collections.abc import Callable, Iterator

import pytest

from selfrenew_emulator.card import Interface, Interfaces
from tests import secure_messaging_host as standard

from .conftest import PIN, CompleteCard

PIN_OBJECTS = ["5FC103", "5FC108", "5FC109", "5FC123"]
FREE_OBJECTS = [
    *("5FC107", "5FC102", "5FC105", "5FC106", "5FC101", "5FC10A", "5FC10B", "7E", "5FC10C"),
    *("5FC122", *(f"5FC1{number:02X}" for number in range(0x0D, 0x21))),
]
NEARBY = ["5FC102", "5FC101", "7E", "5FC122"]
"""What the contactless interface gives to anybody."""


@pytest.fixture
def cold(card: CompleteCard) -> Iterator[CompleteCard]:
    card.card.power_on(Interface.CONTACT)
    yield card
    card.card.power_on(Interface.CONTACT)


@pytest.mark.parametrize("tag", PIN_OBJECTS)
def test_the_holders_data_needs_the_passcode(cold: CompleteCard, tag: str) -> None:
    assert cold.get(tag) == (b"", "6982")
    assert cold.verify() == "9000"
    assert cold.get(tag)[1] == "9000"
    cold.card.reset()
    assert cold.get(tag) == (b"", "6982")


@pytest.mark.parametrize("tag", FREE_OBJECTS)
def test_everything_else_is_read_without(cold: CompleteCard, tag: str) -> None:
    assert cold.get(tag)[1] == "9000"


def test_the_card_authentication_key_alone_works_without_the_passcode(cold: CompleteCard) -> None:
    template = "7C248200" + "8120" + "11" * 32
    for key in ("9A", "9C"):
        assert cold.send(f"008711{key}26{template}00")[1] == "6982"
    assert cold.send(f"0087119E26{template}00")[1] == "9000"
    agreement = "7C4582008541" + "04" * 65
    for key in ("9D", *(f"{each:02X}" for each in range(0x82, 0x96))):
        assert cold.send(f"008711{key}47{agreement}00")[1] == "6982"


@pytest.mark.parametrize("tag", [*PIN_OBJECTS, *FREE_OBJECTS])
def test_the_air_carries_what_is_for_anybody(card: CompleteCard, tag: str) -> None:
    card.card.power_on(Interface.CONTACTLESS)
    assert card.get(tag)[1] == ("9000" if tag in NEARBY else "6982")


@pytest.mark.parametrize("interfaces", [Interfaces.DUAL, Interfaces.CONTACTLESS])
def test_the_virtual_contact_interface_carries_the_rest(
    make_complete: Callable[..., CompleteCard], interfaces: Interfaces
) -> None:
    code = make_complete(interfaces).card.state.objects[0x5FC123][2:10]
    card = make_complete(interfaces)
    card.card.power_on(Interface.CONTACTLESS)
    host = standard.Host(card.card.transmit, standard.CS2)
    host.establish()
    assert host.get("5FC106")[1] == "6982"
    assert host.verify("98", code) == "9000"
    for tag in FREE_OBJECTS:
        assert host.get(tag)[1] == "9000"
    for tag in PIN_OBJECTS:
        assert host.get(tag)[1] == "6982"
    assert host.verify("80", PIN) == "9000"
    for tag in PIN_OBJECTS:
        assert host.get(tag)[1] == "9000"
