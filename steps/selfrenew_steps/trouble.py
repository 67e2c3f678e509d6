# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around a renewal: the line, the services, other tools and other people."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_bdd import given, parsers, then, when

from selfrenew.agent import Login
from selfrenew.config import Reference
from selfrenew.piv import CardholderUniqueIdentifier, CertificateObject
from selfrenew.renewal import (
    CardSwappedError,
    Event,
    UnsupportedCertificateError,
    describe,
)
from selfrenew.secret import Secret
from selfrenew.transport import Reader
from selfrenew_emulator.card import Card, generate_any, store_key
from selfrenew_emulator.faults import ArmedFault, FaultBoard, blank_card
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage
from selfrenew_emulator.stage.remote import RemoteFault, RemoteFaults, RemoteStage

from .attempt import Attempt, attempt
from .card_contents import SLOTS, CardContents, read_contents
from .holder import HeldCard, hand_out
from .renewal import PullOut, renew, renews

# A renewal asks each issuer whether it is there, for the certificate, and confirms that.
_ANSWERS = {
    "the request for her signing certificate": "service=signing,at=2",
    "the confirmation of her signing certificate": "service=signing,at=3",
    "the request for her authentication certificate": "service=authentication,at=2",
}
_OUTAGE = ("signing", "authentication", "management")


@dataclass(frozen=True)
class OtherCard:
    """Another person's card, and what was on it when it came into the reader."""

    card: Card
    brought: CardContents


@dataclass(frozen=True)
class Written:
    """What a program can change on a card: keys and objects by their numbers, and tries."""

    keys: dict[int, bytes]
    objects: dict[int, bytes]
    tries: dict[int, int]


@dataclass(frozen=True)
class SecondCard:
    """A card that comes by a fault, how it is taken out, and what was on it when it came."""

    appearing: ArmedFault | RemoteFault
    take: Callable[[], Card]
    brought: Written


@given(
    parsers.re(
        r"the CA's answer to (?P<what>the .+) was lost time and again while Alice renewed her card"
    )
)
def answer_was_lost(
    selfrenew_faults: FaultBoard, reference: Reference, passcode: str, what: str
) -> None:
    lost = selfrenew_faults.arm(f"network.answer-lost:{_ANSWERS[what]},times=99")
    attempted = renew(reference, passcode)
    assert attempted.error is not None
    assert lost.strikes > 1
    selfrenew_faults.clear()


@given(parsers.re(r"the (?P<issuer>signing|authentication) issuer is down"))
def issuer_is_down(selfrenew_faults: FaultBoard, issuer: str) -> None:
    selfrenew_faults.arm(f"network.refused:service={issuer},times=99")


@given("renewals are down")
def renewals_are_down(selfrenew_faults: FaultBoard) -> None:
    for service in _OUTAGE:
        selfrenew_faults.arm(f"network.refused:service={service},times=99")


@when("Alice runs the renewal again")
def runs_again(reference: Reference, passcode: str, told: list[Event]) -> None:
    renews(reference, passcode, told)


@then(parsers.parse("she is told to try again in {seconds:d} seconds"))
def told_when_to_try_again(attempted: Attempt, seconds: int) -> None:
    assert f"Try again in {seconds} seconds" in attempted.text


@then("her work goes on")
def work_goes_on(login: Login) -> None:
    assert login.spine.ticket


@then(parsers.parse('she is told on the way "{text}"'))
def told_on_the_way(told: list[Event], text: str) -> None:
    assert any(text in describe(event) for event in told)


@given(
    parsers.re(r"her card was swapped for Bob's (?P<moment>before .+) was made"),
    target_fixture="others",
)
def was_swapped(pull_out: PullOut, stage: Stage, card_reader: Reader, moment: str) -> OtherCard:
    pull_out(f"{moment} is made")
    card = stage.make_card(stage.make_person("Bob Brown"))
    stage.reader.insert(card)
    return OtherCard(card, read_contents(card_reader))


@given(
    "a reader with another card appears beside hers once the new signing key is made",
    target_fixture="second",
)
def second_reader_appears(
    stage: Stage, apart: RemoteStage | None, card_faults: FaultBoard | RemoteFaults
) -> SecondCard:
    appearing = card_faults.arm("reader.two-at-once:after=GENERATE,slot=9c")
    if apart is not None:
        # A reader's program has a blank one at hand.
        return SecondCard(appearing, apart.second_reader.remove, _what_is_on(blank_card()))
    assert isinstance(card_faults, FaultBoard)
    card = stage.make_card(stage.make_person("Bob Brown"))
    card_faults.surroundings.other_card = lambda: card
    return SecondCard(appearing, lambda: card, _what_is_on(card))


@then("nothing on the card in the second reader has changed")
def second_card_is_as_it_was(second: SecondCard) -> None:
    assert second.appearing.strikes == 1
    assert _what_is_on(second.take()) == second.brought


def _what_is_on(card: Card) -> Written:
    state = card.state
    keys = {number: key.material for number, key in state.keys.items() if number != 0x9B}
    tries = {number: each.tries for number, each in state.references.items()}
    return Written(keys, dict(state.objects), tries)


@given("her own card is in the reader again")
def own_card_again(stage: Stage, held: HeldCard) -> None:
    stage.reader.remove()
    stage.reader.insert(held.card)


@when("Alice tries to go on with the renewal of her card", target_fixture="attempted")
def tries_to_go_on(reference: Reference, passcode: str, held: HeldCard) -> Attempt:
    chuid = CardholderUniqueIdentifier.from_bytes(held.handed_out.objects["5FC102"])
    return attempt(lambda: reference.renew(Secret(passcode), guid=chuid.guid))


@then("she is told that another card is in the reader")
def told_of_another_card(attempted: Attempt) -> None:
    assert isinstance(attempted.error, CardSwappedError)
    assert "Another card is in the reader" in attempted.text


@then("nothing on Bob's card has changed")
def others_card_is_as_it_was(card_reader: Reader, others: OtherCard) -> None:
    assert read_contents(card_reader) == others.brought


@given(
    parsers.re(
        r"another tool has made a new (?P<slot>signing|authentication) key on her card "
        r"and no certificate"
    )
)
def another_tool_made_a_key(stage: Stage, slot: str) -> None:
    card = stage.reader.remove()
    reference = SLOTS[slot][0]
    stored = card.state.keys[reference]
    other = store_key(stored.algorithm, generate_any(stored.algorithm))
    card.store.put_key(reference, replace(stored, material=other.material))
    card.store.commit()
    stage.reader.insert(card)


@given(
    parsers.re(
        r"another tool has put a certificate for an Ed25519 key on her card for "
        r"(?P<slot>signing|authentication)"
    )
)
def another_tool_certified(stage: Stage, slot: str) -> None:
    card = stage.reader.remove()
    put_certificate_of_unknown_kind(card, slot)
    stage.reader.insert(card)


def put_certificate_of_unknown_kind(card: Card, slot: str) -> None:
    """Put what a slot's certificate says into another one, for a key that is not known here."""
    tag = int(SLOTS[slot][1], 16)
    kept = CertificateObject.from_bytes(card.state.objects[tag])
    old = x509.load_der_x509_certificate(kept.certificate_der)
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        ed25519.Ed25519PrivateKey.generate().public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    new = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    content = CertificateObject(new.public_bytes(Encoding.DER))
    card.store.put_object(tag, bytes(content))
    card.store.commit()


@then(parsers.parse("she is told that her {slot} certificate is of a kind that cannot be renewed"))
def told_of_unknown_kind(attempted: Attempt, slot: str) -> None:
    assert isinstance(attempted.error, UnsupportedCertificateError)
    assert f"The {slot} certificate on the card is of a kind" in attempted.text
    assert "Registration Authority" in attempted.text


@given(
    parsers.parse("the CA issues certificates of more than {number:d} bytes to Alice"),
    target_fixture="held",
)
def certificates_are_long(
    stage: Stage, card_reader: Reader, alice: Person, number: int
) -> HeldCard:
    return hand_out(stage, card_reader, alice, days_left=30, certificate_padding=number)


@then(parsers.parse("both certificates on her card have more than {number:d} bytes"))
def have_more_bytes(card_reader: Reader, number: int) -> None:
    certificates = read_contents(card_reader).certificates
    assert set(certificates) == set(SLOTS)
    assert all(len(each.public_bytes(Encoding.DER)) > number for each in certificates.values())
