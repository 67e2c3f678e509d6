# SPDX-License-Identifier: Apache-2.0
"""What the fixtures and the factories give."""

from datetime import timedelta

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.pytest_plugin import MakeCard, MakePerson, MakeStage
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_steps.card_contents import read_contents

from .conftest import RunPytest


def test_the_card_is_the_persons_and_in_the_reader(
    selfrenew_reader: EmbeddedReader, selfrenew_person: Person, selfrenew_clock: SettableClock
) -> None:
    certificate = read_contents(selfrenew_reader).certificates["authentication"]
    assert selfrenew_person.user_id in certificate.subject.rfc4514_string()
    assert certificate.not_valid_after_utc == DEFAULT_NOW + timedelta(days=30)
    assert selfrenew_clock() == DEFAULT_NOW


def test_a_factory_makes_as_many_as_are_asked_for_each_its_own(
    selfrenew_make_card: MakeCard, selfrenew_make_person: MakePerson, selfrenew_stage: EmbeddedStage
) -> None:
    bob = selfrenew_make_person("Bob Brown")
    cards = [selfrenew_make_card(), selfrenew_make_card(), selfrenew_make_card(bob, days_left=-1)]
    seen = []
    for card in cards:
        selfrenew_stage.reader.insert(card)
        seen.append(read_contents(selfrenew_stage.reader).certificates["authentication"])
        selfrenew_stage.reader.remove()
    assert len({each.subject for each in seen}) == 3
    assert bob.user_id in seen[2].subject.rfc4514_string()
    assert seen[2].not_valid_after_utc < DEFAULT_NOW < seen[1].not_valid_after_utc


def test_a_factory_takes_what_the_stage_takes(selfrenew_make_card: MakeCard) -> None:
    card = selfrenew_make_card(algorithm=Algorithm.P384, passcode=b"24681357")
    assert card.transmit(bytes.fromhex("0020008008") + b"24681357") == b"\x90\x00"


def test_stages_beside_each_other_do_not_meet_and_share_the_clock(
    selfrenew_make_stage: MakeStage, selfrenew_stage: EmbeddedStage, selfrenew_clock: SettableClock
) -> None:
    other = selfrenew_make_stage(seed="another")
    assert other.urls.cmp_http != selfrenew_stage.urls.cmp_http
    assert other.ca.root != selfrenew_stage.ca.root
    selfrenew_clock.advance(timedelta(days=61))
    assert other.clock() == selfrenew_stage.clock() == DEFAULT_NOW + timedelta(days=61)


def test_what_a_factory_started_has_ended_with_the_test(run_pytest: RunPytest) -> None:
    ended = run_pytest(
        """
import socket, urllib.parse
seen = []

def test_starts(selfrenew_make_stage):
    seen.extend(selfrenew_make_stage().urls.cmp_http for _ in range(2))

def test_has_ended():
    for url in seen:
        address = urllib.parse.urlsplit(url)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address.hostname, address.port))
    assert len(seen) == 2
"""
    )
    assert ended.counts == {"passed": 2}, ended.text


def test_a_card_is_a_card(selfrenew_card: Card) -> None:
    assert selfrenew_card.transmit(bytes.fromhex("00200080")) == b"\x63\xc3"
