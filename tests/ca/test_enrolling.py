# SPDX-License-Identifier: Apache-2.0
"""The standing of certificates: pending, confirmed, superseded, withdrawn, revoked."""

from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from selfrenew.cmp.building import SignatureProtection, certificate_confirmation
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew_emulator.ca import UnknownCertificateError
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

from .conftest import PROFILES, Desk, Holder, Talk, new_key

PENDING, VALID = CertificateState.PENDING, CertificateState.VALID
SUPERSEDED, REVOKED = CertificateState.SUPERSEDED, CertificateState.REVOKED


def ask_signing(desk: Desk, holder: Holder, key: PrivateKeySigner | None = None) -> Talk:
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, key or new_key())
    return talk


def test_a_certificate_counts_once_it_is_confirmed(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = ask_signing(desk, holder)
    new, old = talk.certificate, holder.certificates["signing"]
    assert (desk.state_of(new), desk.state_of(old)) == (PENDING, VALID)
    talk.confirm()
    assert (desk.state_of(new), desk.state_of(old)) == (VALID, SUPERSEDED)


def test_a_rejected_certificate_is_withdrawn_and_the_old_one_stays(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = ask_signing(desk, holder)
    new = talk.certificate
    content, pvno = certificate_confirmation(new, rejection="not what was asked for")
    answer = talk.say(BodyType.CERTCONF, content, talk.nonce, pvno)
    assert answer.body_type is BodyType.PKICONF
    assert desk.state_of(new) is REVOKED
    assert desk.state_of(holder.certificates["signing"]) is VALID


def test_what_nobody_confirms_in_time_is_withdrawn(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = ask_signing(desk, holder)
    new = talk.certificate
    content, pvno = certificate_confirmation(new)
    desk.clock.advance(timedelta(minutes=11))
    talk.say(BodyType.CERTCONF, content, talk.nonce, pvno)
    assert talk.reasons == {"certRevoked"}
    assert desk.state_of(new) is REVOKED
    assert desk.state_of(holder.certificates["signing"]) is VALID


def test_asking_again_for_the_same_key_gets_the_same_certificate(desk: Desk) -> None:
    holder, key = desk.new_holder(), new_key()
    lost = ask_signing(desk, holder, key).certificate
    again = ask_signing(desk, holder, key)
    assert again.certificate == lost
    again.confirm()
    assert desk.valid(holder.name, "signing") == [lost]


def test_asking_for_another_key_withdraws_what_was_not_confirmed(desk: Desk) -> None:
    holder = desk.new_holder()
    lost = ask_signing(desk, holder).certificate
    again = ask_signing(desk, holder)
    new = again.certificate
    again.confirm()
    assert desk.state_of(lost) is REVOKED
    assert desk.valid(holder.name, "signing") == [new]


def test_kur_supersedes_the_certificate_it_updates(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("signing"))
    talk.ask(holder.name, new_key(), BodyType.KUR)
    new = talk.certificate
    talk.confirm()
    assert desk.valid(holder.name, "signing") == [new]
    assert desk.state_of(holder.certificates["signing"]) is SUPERSEDED


def test_cr_in_the_general_profile_adds_a_certificate(desk: Desk) -> None:
    name = x509.Name.from_rfc4514_string(f"CN=machine {desk.people},O=NHS TEST,C=GB")
    key, mac = new_key(), desk.enrolled(uses=None)
    first = desk.talk(mac)
    first.ask(name, key, BodyType.IR)
    certificate = first.certificate
    first.confirm()
    second = desk.talk(SignatureProtection(key, certificate))
    second.ask(name, new_key())
    added = second.certificate
    second.confirm()
    assert set(desk.valid(name, "general")) == {certificate, added}


def test_a_withdrawn_certificate_gives_its_enrolment_the_use_back(desk: Desk) -> None:
    name = desk.new_name()
    mac = desk.enrolled(subject=name, profiles=("signing",), uses=1)
    lost = desk.talk(mac, "signing")
    lost.ask(name, new_key(), BodyType.IR)
    assert lost.certificate.subject == name
    desk.clock.advance(timedelta(minutes=11))
    again = desk.talk(mac, "signing")
    again.ask(name, new_key(), BodyType.IR)
    assert again.certificate.subject == name


def test_revoking_is_for_certificates_of_this_ca_that_count(desk: Desk) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    assert desk.ca.revoke(certificate, x509.ReasonFlags.key_compromise)
    assert not desk.ca.revoke(certificate)
    status = desk.ca.status_of(certificate)
    assert (status.state, status.since) == (REVOKED, desk.clock())
    with pytest.raises(UnknownCertificateError):
        desk.ca.revoke(_self_signed())


def _self_signed() -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=nobody")
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 77)
        .not_valid_before(DEFAULT_NOW)
        .not_valid_after(DEFAULT_NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


class Standing(RuleBasedStateMachine):
    """Any order of asking, confirming, rejecting, losing and waiting keeps one that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = EmbeddedStage(clock=SettableClock(DEFAULT_NOW)).__enter__()
        clock = self.stage.clock
        assert isinstance(clock, SettableClock)
        self.desk = Desk(self.stage, clock, seeded("standing"))
        self.open: list[tuple[str, PrivateKeySigner, Talk]] = []

    @initialize()
    def hand_out(self) -> None:
        self.holder = self.desk.new_holder(days_left=80)

    @rule(profile=st.sampled_from(PROFILES), update=st.booleans())
    def ask(self, profile: str, update: bool) -> None:
        voucher = profile if update else PROFILES[1 - PROFILES.index(profile)]
        key, talk = new_key(), self.desk.talk(self.holder.by(voucher), profile)
        talk.ask(self.holder.name, key, BodyType.KUR if update else BodyType.CR)
        assert talk.certificate.subject == self.holder.name
        self.open.append((profile, key, talk))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.open) - 1))
        profile, key, talk = self.open.pop(at)
        new = talk.certificate
        if talk.confirm().body_type is BodyType.PKICONF:
            self.holder.keys[profile], self.holder.certificates[profile] = key, new
        else:
            assert talk.reasons <= {"certRevoked", "certConfirmed"} | {
                # Its voucher was superseded meanwhile by the other transaction.
                FailureInfo.signerNotTrusted.name
            }

    @precondition(lambda self: self.open)
    @rule()
    def reject(self) -> None:
        _, _, talk = self.open.pop()
        content, pvno = certificate_confirmation(talk.certificate, rejection="no")
        talk.say(BodyType.CERTCONF, content, talk.nonce, pvno)

    @rule()
    def wait(self) -> None:
        self.desk.clock.advance(timedelta(minutes=11))

    @invariant()
    def exactly_one_of_each_counts(self) -> None:
        if not hasattr(self, "holder"):
            return
        for profile in PROFILES:
            valid = self.desk.valid(self.holder.name, profile)
            assert valid == [self.holder.certificates[profile]]

    def teardown(self) -> None:
        self.stage.__exit__(None, None, None)


TestStanding = Standing.TestCase
TestStanding.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
