# SPDX-License-Identifier: Apache-2.0
"""What a renewal does and does not do to card and CA."""

import logging
from datetime import timedelta

import pytest

from selfrenew.cmp.errors import CaRejectedError
from selfrenew.piv.errors import PasscodeBlockedError, WrongPasscodeError
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import (
    CardSwappedError,
    Event,
    ExpiredError,
    NotDueError,
    NothingVouchesError,
    RenewalInterruptedError,
    VoucherNotValidError,
    events,
)
from selfrenew.secret import Secret
from selfrenew.services import ServiceRefusedError
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents, tries_left

from .conftest import PASSCODE, Bench, MakeBench


def move(stage: EmbeddedStage, by: timedelta) -> None:
    assert isinstance(stage.clock, SettableClock)
    stage.clock.advance(by)


def assert_nothing_happened(bench: Bench, messages_to_ca: int) -> None:
    assert read_contents(bench.stage.reader) == bench.before
    assert bench.counting_slots() == {"authentication", "signing"}
    assert len(bench.stage.ca.audit()) == messages_to_ca


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA2048])
def test_both_certificates_are_renewed(make_bench: MakeBench, algorithm: Algorithm) -> None:
    bench = make_bench(algorithm=algorithm)
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_the_new_keys_may_be_of_another_kind(make_bench: MakeBench) -> None:
    bench = make_bench(algorithm=Algorithm.RSA2048)
    with bench.reference() as reference:
        bench.renewal(reference, algorithm=Algorithm.P384).run()
    bench.assert_renewed_and_nothing_else_counts()


def test_events_come_in_their_order(make_bench: MakeBench) -> None:
    bench, told = make_bench(), list[Event]()
    with bench.reference() as reference:
        bench.renewal(reference, observe=told.append).run()
    a_slot = [
        events.SlotStarted,
        events.KeyGenerated,
        events.CertificateIssued,
        events.CertificateWritten,
        events.Confirmed,
    ]
    beginning = [events.Inspected, events.PreflightPassed, events.ManagementAuthenticated]
    assert [type(event) for event in told] == [*beginning, *a_slot, *a_slot, events.SignedIn]


def test_one_slot_due_renews_both(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=300, signing_days_left=20)
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_what_is_not_due_is_left_alone(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=91)
    asked = len(bench.stage.ca.audit())
    with pytest.raises(NotDueError) as refused:
        bench.renew()
    ends = [each.not_valid_after_utc for each in bench.before.certificates.values()]
    assert refused.value.due_from == min(ends) - timedelta(days=90)
    assert_nothing_happened(bench, asked)


def test_what_has_expired_goes_to_the_registration_authority(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=1)
    asked = len(bench.stage.ca.audit())
    move(bench.stage, timedelta(days=1, seconds=1))
    with pytest.raises(ExpiredError, match="Registration Authority"):
        bench.renew()
    assert read_contents(bench.stage.reader) == bench.before
    assert len(bench.stage.ca.audit()) == asked


def test_a_wrong_passcode_costs_one_try_and_asks_nobody(make_bench: MakeBench) -> None:
    bench = make_bench()
    asked = len(bench.stage.ca.audit())
    with bench.reference() as reference, pytest.raises(WrongPasscodeError) as refused:
        reference.renew(Secret("999999"))
    assert refused.value.tries_left == tries_left(bench.stage.reader) == 2
    assert_nothing_happened(bench, asked)


@pytest.mark.parametrize("passcode", ["", "123456789", "1" * 300])
def test_a_passcode_of_no_form_costs_no_try(make_bench: MakeBench, passcode: str) -> None:
    bench = make_bench()
    asked = len(bench.stage.ca.audit())
    with bench.reference() as reference, pytest.raises(ReferenceDataFormatError) as refused:
        reference.renew(Secret(passcode))
    assert not passcode or passcode not in str(refused.value)
    assert tries_left(bench.stage.reader) == 3
    assert_nothing_happened(bench, asked)


def test_a_locked_card_says_so(make_bench: MakeBench) -> None:
    bench = make_bench()
    with bench.reference() as reference:
        for _ in range(2):
            with pytest.raises(WrongPasscodeError):
                reference.renew(Secret("999999"))
        with pytest.raises(PasscodeBlockedError):
            reference.renew(Secret("999999"))
        with pytest.raises(PasscodeBlockedError, match="unlock"):
            bench.renewal(reference).run()
    assert read_contents(bench.stage.reader) == bench.before


@pytest.mark.parametrize("by", [timedelta(minutes=-30), timedelta(days=-400)])
def test_no_key_is_replaced_while_the_one_that_vouches_counts_only_later(
    make_bench: MakeBench, by: timedelta
) -> None:
    bench = make_bench()

    def turn_back(event: Event) -> None:
        if isinstance(event, events.Confirmed):
            move(bench.stage, by)

    with bench.reference() as reference, pytest.raises(VoucherNotValidError, match="the clock"):
        bench.renewal(reference, observe=turn_back).run()
    left = read_contents(bench.stage.reader).certificates
    assert left["authentication"] == bench.before.certificates["authentication"]
    move(bench.stage, -by)
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_no_key_is_replaced_once_the_one_that_vouches_is_over(make_bench: MakeBench) -> None:
    bench = make_bench(days_left=30)

    def wait(event: Event) -> None:
        if isinstance(event, events.ManagementAuthenticated):
            move(bench.stage, timedelta(days=31))

    with bench.reference() as reference, pytest.raises(VoucherNotValidError):
        bench.renewal(reference, observe=wait).run()
    assert read_contents(bench.stage.reader) == bench.before


@pytest.mark.parametrize("seconds", [2, 60])
def test_a_clock_a_little_behind_the_cas_costs_nothing(make_bench: MakeBench, seconds: int) -> None:
    bench = make_bench()
    with bench.reference(behind=timedelta(seconds=seconds)) as reference:
        bench.renewal(reference).run()
    bench.assert_renewed_and_nothing_else_counts()


def test_another_card_than_the_one_signed_in_with_is_left_alone(make_bench: MakeBench) -> None:
    bench = make_bench()
    with bench.reference() as reference, pytest.raises(CardSwappedError):
        bench.renewal(reference, guid=bytes(16)).run()
    assert read_contents(bench.stage.reader) == bench.before
    assert tries_left(bench.stage.reader) == 3


def test_a_revoked_holder_is_refused_before_anything_is_written(make_bench: MakeBench) -> None:
    bench = make_bench()
    for certificate in bench.before.certificates.values():
        assert bench.stage.ca.revoke(certificate)
    with pytest.raises(NothingVouchesError, match="Registration Authority"):
        bench.renew()
    assert read_contents(bench.stage.reader) == bench.before


def test_a_card_that_card_management_does_not_know_is_left_alone(make_bench: MakeBench) -> None:
    bench = make_bench()
    with EmbeddedStage(clock=bench.stage.clock, seed="another") as elsewhere:
        foreign = elsewhere.make_card(elsewhere.make_person())
    bench.stage.reader.remove()
    bench.stage.reader.insert(foreign)
    before = read_contents(bench.stage.reader)
    with pytest.raises((NothingVouchesError, ServiceRefusedError)):
        bench.renew()
    assert read_contents(bench.stage.reader) == before


def test_a_ca_that_refuses_leaves_a_slot_to_redo_and_says_why(make_bench: MakeBench) -> None:
    bench = make_bench()

    def revoke_voucher(event: Event) -> None:
        # The holder's other certificate stops counting just as the CA is about to be asked.
        if isinstance(event, events.KeyGenerated):
            bench.stage.ca.revoke(bench.before.certificates["authentication"])

    with bench.reference() as reference, pytest.raises(RenewalInterruptedError) as broken:
        bench.renewal(reference, observe=revoke_voucher).run()
    assert isinstance(broken.value.cause, CaRejectedError)
    assert "certRevoked" in str(broken.value)


def test_the_old_certificates_are_superseded(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.renew()
    records = bench.stage.ca.certificates_of(person_name(bench.person.user_id))
    states = {each.certificate: each.state.value for each in records}
    assert {states[old] for old in bench.before.certificates.values()} == {"superseded"}


def test_neither_log_nor_object_shows_the_passcode(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench, told = make_bench(), list[Event]()
    with caplog.at_level(logging.DEBUG), bench.reference() as reference:
        renewal = bench.renewal(reference, observe=told.append)
        outcome = renewal.run()
    assert "selfrenew.transport" in {record.name for record in caplog.records}
    everything = f"{caplog.text} {renewal!r} {vars(renewal)!r} {told!r} {outcome!r} {reference!r}"
    for form in (PASSCODE, PASSCODE.encode().hex(), PASSCODE.encode().hex().upper()):
        assert form not in everything


def test_three_renewals_in_a_life_time_follow_each_other(make_bench: MakeBench) -> None:
    bench = make_bench()
    for _ in range(3):
        bench.renew()
        ends = [
            each.not_valid_after_utc
            for each in read_contents(bench.stage.reader).certificates.values()
        ]
        assert isinstance(bench.stage.clock, SettableClock)
        bench.stage.clock.set(min(ends) - timedelta(days=5))
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()
