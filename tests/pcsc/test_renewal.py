# SPDX-License-Identifier: Apache-2.0
"""Renewals through PC/SC: of the right card, held alone, broken off where the card is swapped."""

from copy import deepcopy
from pathlib import Path

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.config.pcsc_reader import open_pcsc_reader
from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.renewal import RenewalInterruptedError, events
from selfrenew.secret import Secret
from selfrenew.transport import CardRemovedError, ReaderBusyError
from selfrenew.transport.pcsc import PcscReader, connection
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader
from selfrenew_emulator.stage import TEST_PASSCODE, Stage

PASSCODE = Secret(TEST_PASSCODE)
Slots = list[VpcdReader[LinkedCard]]


@pytest.fixture
def alice(stage: Stage) -> Card:
    return stage.make_card(stage.make_person("Alice Archer"))


@pytest.fixture
def bob(stage: Stage) -> Card:
    return stage.make_card(stage.make_person("Bob Brown"))


def guid_of(card: Card) -> bytes:
    return CardholderUniqueIdentifier.from_bytes(card.state.objects[DataObject.CHUID.tag]).guid


@pytest.mark.parametrize("by", ["reader", "card"])
def test_of_two_cards_the_one_that_is_meant_is_renewed(
    stage: Stage, slots: Slots, alice: Card, bob: Card, by: str
) -> None:
    slots[0].insert(alice)
    slots[1].insert(bob)
    untouched, old = deepcopy(alice.state), deepcopy(bob.state)
    location = slots[1].name if by == "reader" else f"guid:{guid_of(bob).hex()}"
    reader = open_pcsc_reader(location, Path())
    with assemble(
        load_configuration(stage.config_file), reader=reader, clock=stage.clock
    ) as reference:
        reference.renew(PASSCODE)
    assert alice.state == untouched
    assert bob.state.keys != old.keys
    assert bob.state.objects != old.objects


@pytest.mark.parametrize(
    "moment",
    [
        events.Inspected,
        events.PreflightPassed,
        events.ManagementAuthenticated,
        events.KeyGenerated,
        events.CertificateIssued,
        events.CertificateWritten,
    ],
    ids=lambda moment: moment.__name__,
)
def test_a_card_put_in_for_another_is_left_alone_and_the_first_can_be_finished(
    reference: Reference, slots: Slots, alice: Card, bob: Card, moment: type[events.Event]
) -> None:
    slots[0].insert(alice)
    untouched = deepcopy(bob.state)
    swapped = False

    def swap(event: events.Event) -> None:
        nonlocal swapped
        if isinstance(event, moment) and not swapped:
            swapped = True
            assert slots[0].remove() is alice
            slots[0].insert(bob)

    broken_off = (CardRemovedError, RenewalInterruptedError)
    with pytest.raises(broken_off, match="The card was removed from the reader"):
        reference.renew(PASSCODE, observe=swap)
    assert swapped
    assert bob.state == untouched
    slots[0].remove()
    slots[0].insert(alice)
    assert reference.renew(PASSCODE).new


def test_a_card_is_held_alone_while_it_is_renewed(
    reference: Reference, slots: Slots, alice: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.2)
    slots[0].insert(alice)
    other = PcscReader(slots[0].name).connect()
    refused: list[ReaderBusyError] = []

    def use_it_too(event: events.Event) -> None:
        if isinstance(event, events.CertificateIssued) and not refused:
            with pytest.raises(ReaderBusyError) as caught, other.exclusive():
                pass
            refused.append(caught.value)

    assert len(reference.renew(PASSCODE, observe=use_it_too).new) == 2
    assert len(refused) == 1
    other.close()
