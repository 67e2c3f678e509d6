# SPDX-License-Identifier: Apache-2.0
"""Alice, the card she holds, and how long it is good for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_bdd import given, parsers

from selfrenew.piv.references import Algorithm
from selfrenew.transport import Reader
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import ProcessZone, switching_at
from selfrenew_emulator.spine import Person, Role
from selfrenew_emulator.stage import Stage

from .card_contents import CardContents, read_contents

_UNITS = {
    "second": timedelta(seconds=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_ALGORITHMS = {
    "P-256": Algorithm.P256,
    "P-384": Algorithm.P384,
    "RSA-2048": Algorithm.RSA2048,
}
_PASSCODE = "123456"


@dataclass(frozen=True)
class HeldCard:
    """A card in the reader: as it was handed out, and what the CA had been asked until then."""

    card: Card
    handed_out: CardContents
    messages_to_ca: int


@pytest.fixture
def alice(stage: Stage) -> Person:
    return stage.make_person("Alice Archer")


@pytest.fixture
def passcode() -> str:
    return _PASSCODE


def hand_out(
    stage: Stage,
    card_reader: Reader,
    holder: Person,
    *,
    days_left: float = 365,
    algorithm: Algorithm = Algorithm.P256,
    passcode: str = _PASSCODE,
    certificate_padding: int = 0,
) -> HeldCard:
    card = stage.make_card(
        holder,
        days_left=days_left,
        algorithm=algorithm,
        passcode=passcode.encode(),
        certificate_padding=certificate_padding,
    )
    if stage.reader.card_present:
        stage.reader.remove()
    stage.reader.insert(card)
    return HeldCard(card, read_contents(card_reader), len(stage.ca.audit()))


@given(
    parsers.re(r'Alice has the roles "(?P<first>[^"]+)" and "(?P<second>[^"]+)"'),
    target_fixture="alice",
)
def has_roles(stage: Stage, first: str, second: str) -> Person:
    names = {"R1": first, "R2": second}
    roles = tuple(Role(number, name, "Hill Surgery TEST") for number, name in names.items())
    return stage.make_person("Alice Archer", roles)


@given("Alice holds a smartcard", target_fixture="held")
def holds_card(stage: Stage, card_reader: Reader, alice: Person) -> HeldCard:
    return hand_out(stage, card_reader, alice)


@given(
    parsers.parse("Alice holds a smartcard with {days:d} days left"),
    target_fixture="held",
)
def holds_card_with_days_left(
    stage: Stage, card_reader: Reader, alice: Person, days: int
) -> HeldCard:
    return hand_out(stage, card_reader, alice, days_left=days)


@given(
    parsers.re(
        r"Alice holds a smartcard with (?P<algorithm>P-256|P-384|RSA-2048) keys "
        r"and (?P<days>\d+) days left",
    ),
    converters={"days": int},
    target_fixture="held",
)
def holds_card_with_keys(
    stage: Stage, card_reader: Reader, alice: Person, algorithm: str, days: int
) -> HeldCard:
    return hand_out(stage, card_reader, alice, days_left=days, algorithm=_ALGORITHMS[algorithm])


@given(
    parsers.re(
        r"Alice's signing certificate expires in (?P<signing>\d+) days "
        r"and her authentication certificate in (?P<authentication>\d+)"
    ),
    converters={"signing": int, "authentication": int},
    target_fixture="held",
)
def certificates_differ(
    stage: Stage, card_reader: Reader, alice: Person, signing: int, authentication: int
) -> HeldCard:
    card = stage.make_card(alice, days_left=authentication, signing_days_left=signing)
    if stage.reader.card_present:
        stage.reader.remove()
    stage.reader.insert(card)
    return HeldCard(card, read_contents(card_reader), len(stage.ca.audit()))


@given(
    parsers.parse('the passcode of her card is the older "{older}"'),
    target_fixture="passcode",
)
def passcode_is(stage: Stage, card_reader: Reader, alice: Person, older: str) -> str:
    hand_out(stage, card_reader, alice, days_left=30, passcode=older)
    return older


@given(parsers.re(r"her card expires in (?P<time>.+)"))
def card_expires_in(clock: SettableClock, held: HeldCard, time: str) -> None:
    certificate = held.handed_out.certificates["authentication"]
    clock.set(certificate.not_valid_after_utc - duration(time))


@pytest.fixture
def local_time() -> Iterator[ProcessZone]:
    """By what local time this process goes, until the scenario ends."""
    zone = ProcessZone()
    yield zone
    zone.restore()


@given(parsers.parse("her computer goes by the local time of {zone}"))
def goes_by_local_time(local_time: ProcessZone, zone: str) -> None:
    local_time.set(zone)


@given(parsers.re(r"summer time (?P<turns>begins|ends) at this moment"))
def summer_time_turns(local_time: ProcessZone, clock: SettableClock, turns: str) -> None:
    local_time.set(switching_at(clock(), begins=turns == "begins"))


@given(parsers.re(r"her card expired (?P<time>.+) ago"))
def card_expired(clock: SettableClock, held: HeldCard, time: str) -> None:
    certificate = held.handed_out.certificates["authentication"]
    clock.set(certificate.not_valid_after_utc + duration(time))


@given("a copy of her card is kept", target_fixture="copy")
def copy_of_card(stage: Stage, held: HeldCard, tmp_path: Path) -> Path:
    path = tmp_path / "copy.card"
    stage.write_card(path, held.card)
    return path


def duration(text: str) -> timedelta:
    """Read a duration such as '90 days and 1 second'."""
    total = timedelta()
    for part in text.split(" and "):
        number, unit = part.split()
        total += int(number) * _UNITS[unit.removesuffix("s")]
    return total
