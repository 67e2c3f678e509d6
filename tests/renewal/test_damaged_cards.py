# SPDX-License-Identifier: Apache-2.0
"""Cards whose slots are damaged, torn, swapped or of two people, with the real services."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.renewal import (
    Event,
    ExpiredError,
    NotDueError,
    NothingVouchesError,
    Renewal,
    RenewalInterruptedError,
    events,
)
from selfrenew.secret import Secret
from selfrenew.services import CardManagementClient, ServiceUnreachableError
from selfrenew.transport import CardRemovedError
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.ca.authority import Authority
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.personalisation import EnrolmentOffice
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_steps.card_contents import read_contents, tries_left

from .conftest import PASSCODE, Bench, MakeBench

SLOTS = {
    "authentication": KeyReference.PIV_AUTHENTICATION,
    "signing": KeyReference.DIGITAL_SIGNATURE,
}
DAY = timedelta(days=1)


def put(card: Card, slot: str, content: bytes) -> None:
    """Put a data object's content where the slot's certificate is; none removes it."""
    tag = DataObject.certificate_of(SLOTS[slot]).tag
    card.store.put_object(tag, content)
    card.store.commit()


def self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(DEFAULT_NOW - DAY)
        .not_valid_after(DEFAULT_NOW + 700 * DAY)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


DAMAGES = {
    "missing": b"",
    "no object": b"\x70\x05abc",
    "no certificate": bytes(CertificateObject(b"certainly no certificate")),
    "no gzip": bytes(CertificateObject(b"x"))[:-1] + b"\x01",
    "of another curve than the key": bytes(
        CertificateObject(self_signed(ec.generate_private_key(ec.SECP384R1())))
    ),
    "of another key": bytes(
        CertificateObject(self_signed(ec.generate_private_key(ec.SECP256R1())))
    ),
}


@pytest.mark.parametrize("days_left", [30, 300], ids=["due", "not due"])
@pytest.mark.parametrize("slot", list(SLOTS))
@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_slot_is_renewed_with_the_other_vouching(
    make_bench: MakeBench, damage: str, slot: str, days_left: int
) -> None:
    bench, told = make_bench(days_left=days_left), list[Event]()
    put(bench.card, slot, DAMAGES[damage])
    with bench.reference() as reference:
        bench.renewal(reference, observe=told.append).run()
    started = [event.slot for event in told if isinstance(event, events.SlotStarted)]
    other = next(key for name, key in SLOTS.items() if name != slot)
    assert started == ([SLOTS[slot], other] if days_left == 30 else [SLOTS[slot]])
    assert bench.counting_slots() == set(SLOTS)
    assert_only_the_card_counts(bench)
    bench.assert_signs_in()


def assert_only_the_card_counts(bench: Bench) -> None:
    records = bench.stage.ca.certificates_of(person_name(bench.person.user_id))
    valid = {each.certificate for each in records if each.state.value == "valid"}
    assert valid == set(read_contents(bench.stage.reader).certificates.values())


def test_a_card_with_both_slots_damaged_goes_to_the_registration_authority(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    put(bench.card, "signing", DAMAGES["missing"])
    put(bench.card, "authentication", DAMAGES["no certificate"])
    before, asked = read_objects(bench), len(bench.stage.ca.audit())
    with pytest.raises(
        NothingVouchesError,
        match=r"authentication: corrupt; signing: missing.*Registration Authority",
    ):
        bench.renew()
    assert read_objects(bench) == before
    assert len(bench.stage.ca.audit()) == asked
    assert tries_left(bench.stage.reader) == 3


def read_objects(bench: Bench) -> dict[int, bytes]:
    return dict(bench.card.state.objects)


@pytest.mark.parametrize("content", [b"", b"\x30\x19nothing of a CHUID at all"])
def test_a_card_without_a_readable_identifier_is_left_alone(
    make_bench: MakeBench, content: bytes
) -> None:
    bench = make_bench()
    bench.card.store.put_object(DataObject.CHUID.tag, content)
    bench.card.store.commit()
    before = read_objects(bench)
    with pytest.raises(UnreadableObjectError, match="identifier"):
        bench.renew()
    assert read_objects(bench) == before


@pytest.mark.parametrize("days_left", [30, 300], ids=["due", "not due"])
def test_certificates_of_two_people_do_not_vouch_for_each_other(
    make_bench: MakeBench, module_stage: EmbeddedStage, days_left: int
) -> None:
    authority, bob = module_stage.ca.authority, person_name("100000000001")

    def bobs_for_signing(
        profile: object, _: object, *rest: object, **more: object
    ) -> x509.Certificate:
        name = bob if profile.name == "signing" else alice  # type: ignore[attr-defined]
        return Authority.issue(authority, profile, name, *rest, **more)  # type: ignore[arg-type]

    person = module_stage.make_person()
    alice = person_name(person.user_id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "issue", bobs_for_signing)
        # An office that looks would not have it.
        patch.setattr(EnrolmentOffice, "_check", lambda *_: None)
        card = module_stage.make_card(person, days_left=days_left)
    bench = with_card(make_bench(), card)
    asked = len(bench.stage.ca.audit())
    with pytest.raises(NothingVouchesError, match=r"another person's.*Registration Authority"):
        bench.renew()
    assert read_contents(bench.stage.reader) == bench.before
    assert len(bench.stage.ca.audit()) == asked


def put_anothers(bench: Bench, slot: str) -> None:
    """Have a tool write a certificate of the slot's own key in another name, under no issuer."""
    board = FaultBoard()
    board.attach_reader(bench.stage.reader)
    board.arm(f"card.certificate:of={SLOTS[slot]:02x},kind=anothers")
    PivClient(bench.stage.reader.connect()).select()
    board.clear()


@pytest.mark.parametrize("days_left", [30, 300], ids=["due", "not due"])
@pytest.mark.parametrize("slot", list(SLOTS))
def test_a_certificate_that_nobody_issued_in_another_name_is_replaced(
    make_bench: MakeBench, slot: str, days_left: int
) -> None:
    bench = make_bench(days_left=days_left)
    put_anothers(bench, slot)
    bench.renew()
    assert bench.counting_slots() == set(SLOTS)
    assert_only_the_card_counts(bench)
    bench.assert_signs_in()


def test_what_has_expired_is_told_as_that_though_it_is_refused_too(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=30)
    put_anothers(bench, "authentication")
    assert bench.stage.ca.revoke(bench.before.certificates["signing"])
    lacking = "authentication: expired; signing: not accepted"
    with pytest.raises(NothingVouchesError, match=lacking):
        bench.renew()


def test_whose_a_card_of_two_names_is_is_left_open_where_nobody_can_be_asked(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    put_anothers(bench, "signing")
    before = read_objects(bench)
    renew_where_nobody_answers(bench)
    assert read_objects(bench) == before


def renew_where_nobody_answers(bench: Bench) -> None:
    with bench.reference() as reference:
        management = CardManagementClient("https://127.0.0.1:9", httpx.Client())
        services = replace(reference.services, management=management)
        renewal = Renewal(bench.connect(), services, Secret(PASSCODE), reference.clock)
        with pytest.raises(ServiceUnreachableError):
            renewal.run()


def with_card(bench: Bench, card: Card) -> Bench:
    reader = bench.stage.reader
    reader.remove()
    reader.insert(card)
    return replace(bench, card=card, before=read_contents(reader))


def stop_after(kind: type, number: int) -> Callable[[Event], None]:
    left = [number]

    def observe(event: Event) -> None:
        if isinstance(event, kind):
            left[0] -= 1
            if not left[0]:
                raise CardRemovedError("the test's reader")

    return observe


def break_off_after(bench: Bench, kind: type, number: int, **options: object) -> None:
    with bench.reference() as reference, pytest.raises((CardRemovedError, RenewalInterruptedError)):
        bench.renewal(reference, observe=stop_after(kind, number), **options).run()


def advance(bench: Bench, by: timedelta) -> None:
    assert isinstance(bench.stage.clock, SettableClock)
    bench.stage.clock.advance(by)


@pytest.mark.parametrize("minutes", [1, 9, 11, 60 * 24 * 40])
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (events.Confirmed, 1),
        (events.KeyGenerated, 2),
        (events.CertificateIssued, 2),
        (events.CertificateWritten, 2),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_an_interrupted_renewal_is_resumed_however_much_later(
    make_bench: MakeBench, kind: type, number: int, minutes: int
) -> None:
    """After 10 minutes the CA withdraws what was not confirmed; after 30 days the old expires."""
    bench = make_bench(days_left=30)
    break_off_after(bench, kind, number)
    advance(bench, timedelta(minutes=minutes))
    assert "signing" in bench.counting_slots()
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()
    bench.assert_signs_in()


def test_what_was_never_confirmed_is_not_taken_for_renewed_where_nobody_can_be_asked(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    break_off_after(bench, events.CertificateWritten, 2)
    renew_where_nobody_answers(bench)
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()
    bench.assert_signs_in()


def test_the_slot_that_vouched_first_may_not_expire_meanwhile(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=30)
    break_off_after(bench, events.KeyGenerated, 1)
    advance(bench, 31 * DAY)
    with pytest.raises(NothingVouchesError, match="authentication: expired; signing: mismatched"):
        bench.renew()


@pytest.mark.parametrize("begun", [Algorithm.P384, Algorithm.RSA2048])
@pytest.mark.parametrize("kind", [events.KeyGenerated, events.Confirmed])
def test_a_renewal_to_another_kind_of_key_may_be_finished_with_the_old_one(
    make_bench: MakeBench, kind: type, begun: Algorithm
) -> None:
    bench = make_bench()
    break_off_after(bench, kind, 1, algorithm=begun)
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()
    # Each slot keeps its kind from here on.
    kinds = kinds_of_keys(bench)
    ends = [
        each.not_valid_after_utc for each in read_contents(bench.stage.reader).certificates.values()
    ]
    advance(bench, min(ends) - bench.stage.clock() - DAY)
    bench.renew()
    assert kinds_of_keys(bench) == kinds
    assert bench.counting_slots() == set(SLOTS)


def kinds_of_keys(bench: Bench) -> list[tuple[type, int]]:
    keys = [each.public_key() for each in read_contents(bench.stage.reader).certificates.values()]
    return [(type(key), key.key_size) for key in keys]  # type: ignore[union-attr]


def test_a_key_that_the_card_cannot_make_costs_nothing(make_bench: MakeBench) -> None:
    bench = make_bench()
    with (
        bench.reference() as reference,
        pytest.raises(RenewalInterruptedError, match="Generating a new key"),
    ):
        bench.renewal(reference, algorithm=Algorithm.CS2).run()
    assert read_contents(bench.stage.reader) == bench.before
    assert bench.counting_slots() == set(SLOTS)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (events.Inspected, 1),
        (events.PreflightPassed, 1),
        (events.ManagementAuthenticated, 1),
        (events.KeyGenerated, 1),
        (events.CertificateIssued, 1),
        (events.Confirmed, 1),
        (events.CertificateWritten, 2),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_card_swapped_meanwhile_is_never_written_to(
    make_bench: MakeBench, kind: type, number: int
) -> None:
    bench = make_bench()
    reader, left = bench.stage.reader, [number]
    other = bench.stage.make_card(bench.stage.make_person())
    untouched = dict(other.state.objects), dict(other.state.keys), dict(other.state.references)

    def swap(event: Event) -> None:
        if isinstance(event, kind):
            left[0] -= 1
            if not left[0]:
                reader.remove()
                reader.insert(other)

    with (
        bench.reference() as reference,
        pytest.raises((CardRemovedError, RenewalInterruptedError), match="removed"),
    ):
        bench.renewal(reference, observe=swap).run()
    assert (other.state.objects, other.state.keys, other.state.references) == untouched
    reader.remove()
    bench.put_back()
    assert bench.counting_slots()
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize(
    "kind", [events.PreflightPassed, events.ManagementAuthenticated, events.KeyGenerated, None]
)
def test_the_card_forgets_who_was_authenticated_when_a_renewal_ends(
    make_bench: MakeBench, kind: type | None
) -> None:
    bench = make_bench()
    if kind is None:
        bench.renew()
    else:
        break_off_after(bench, kind, 1)
    connection = bench.stage.reader.connect()
    assert connection.transmit(bytes.fromhex("00200080")).hex() == "63c3"
    put_data = bytes.fromhex("00DB3FFF075C035FC1055300")
    assert connection.transmit(put_data).hex() == "6982"


@pytest.mark.parametrize("ends", [(0.25, 20), (20, 0.25)], ids=["authentication", "signing"])
def test_a_key_is_not_given_up_on_the_word_of_the_one_that_ends_first(
    make_bench: MakeBench, ends: tuple[float, float]
) -> None:
    bench = make_bench(days_left=ends[0], signing_days_left=ends[1])
    break_off_after(bench, events.KeyGenerated, 1)
    bench.put_back()
    advance(bench, timedelta(hours=16))
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_what_is_over_for_both_is_over(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=2, signing_days_left=1)
    advance(bench, 3 * DAY)
    with pytest.raises(ExpiredError) as refused:
        bench.renew()
    ends = {name: each.not_valid_after_utc for name, each in bench.before.certificates.items()}
    assert refused.value.since == ends["signing"] == min(ends.values())


def test_a_second_renewal_changes_nothing(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.renew()
    after = read_contents(bench.stage.reader)
    asked = len(bench.stage.ca.audit())
    with pytest.raises(NotDueError) as refused:
        bench.renew()
    ends = [each.not_valid_after_utc for each in after.certificates.values()]
    assert refused.value.due_from == min(ends) - 90 * DAY
    assert f"{refused.value.due_from:%d %B %Y}" in str(refused.value)
    assert read_contents(bench.stage.reader) == after
    assert len(bench.stage.ca.audit()) == asked
    assert tries_left(bench.stage.reader) == 3
