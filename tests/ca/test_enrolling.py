# SPDX-License-Identifier: Apache-2.0
"""The standing of certificates: pending, confirmed, superseded, withdrawn, revoked."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from selfrenew.cmp.building import (
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.message import decode_list, encode, encode_list
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    ErrorMsgContent,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew_emulator.ca import CertificateAuthority, UnknownCertificateError, read_pkcs10
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

from .conftest import PROFILES, Desk, Holder, Talk, new_key
from .requesting import extension, name_with, pkcs10

PENDING, VALID = CertificateState.PENDING, CertificateState.VALID
SUPERSEDED, REVOKED = CertificateState.SUPERSEDED, CertificateState.REVOKED
USAGE = extension(x509.KeyUsage(*[True] * 2, *[False] * 7), critical=True)
_FAILED = encode(ErrorMsgContent(pki_status_info=PkiStatusInfo(status=PkiStatus.REJECTION)))


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


@pytest.mark.parametrize("other", ["kind", "requester", "validity", "profile"])
def test_another_request_for_the_same_key_gets_no_other_ones_certificate(
    desk: Desk, other: str
) -> None:
    holder, key = desk.new_holder(), new_key()
    lost = ask_signing(desk, holder, key).certificate
    by = holder.by("signing" if other in {"kind", "requester"} else "authentication")
    again = desk.talk(by, "authentication" if other == "profile" else "signing")
    kind = BodyType.KUR if other == "kind" else BodyType.CR
    end = desk.clock() + timedelta(days=9) if other == "validity" else None
    again.ask(holder.name, key, kind, end)
    assert again.reasons == {"duplicateCertReq"}
    assert desk.state_of(lost) is PENDING


def test_an_extension_more_makes_another_request(desk: Desk) -> None:
    name, key = desk.new_name(), new_key()
    mac = desk.enrolled(subject=name, profiles=("signing",))
    for asked, reasons in (([], None), ([USAGE], {"duplicateCertReq"})):
        talk = desk.talk(mac)
        talk.say(BodyType.IR, certificate_request(name, key, extensions=asked))
        if reasons is None:
            assert desk.state_of(talk.certificate) is PENDING
        else:
            assert talk.reasons == reasons


def test_a_pkcs10_request_is_asked_again_with_another_signature(desk: Desk) -> None:
    key, subject = new_key(), x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
    mac = desk.enrolled()
    certificates = []
    for _ in range(2):
        talk = desk.talk(mac)
        talk.say(BodyType.P10CR, pkcs10(key, subject.public_bytes()))
        certificates.append(talk.certificate)
    assert certificates[0] == certificates[1]


def test_a_state_of_before_takes_certificates(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ca.sqlite")) as database, database:
        database.execute("ALTER TABLE certificates DROP COLUMN request")
        database.execute("ALTER TABLE transactions DROP COLUMN cert_req_id")
    ca = CertificateAuthority.open(tmp_path)
    certificate = ca.issue(read_pkcs10(pkcs10(new_key(), name_with(NameOID.COMMON_NAME, 12, b"x"))))
    assert [each.certificate for each in ca.certificates()] == [certificate]
    ca.close()


def test_asking_again_begins_the_time_for_confirmation_anew(desk: Desk) -> None:
    holder, key = desk.new_holder(), new_key()
    ask_signing(desk, holder, key)
    desk.clock.advance(timedelta(minutes=8))
    again = ask_signing(desk, holder, key)
    desk.clock.advance(timedelta(minutes=8))
    new = again.certificate
    again.confirm()
    assert desk.valid(holder.name, "signing") == [new]


def test_asking_for_another_key_withdraws_what_was_not_confirmed(desk: Desk) -> None:
    holder = desk.new_holder()
    lost = ask_signing(desk, holder).certificate
    again = ask_signing(desk, holder)
    new = again.certificate
    again.confirm()
    assert desk.state_of(lost) is REVOKED
    assert desk.valid(holder.name, "signing") == [new]


@pytest.mark.parametrize(
    ("kind", "cert_req_id", "taken"),
    [(kind, number, number == 0) for kind in ("ir", "cr", "kur") for number in (0, -1, 1)]
    + [("p10cr", -1, True), ("p10cr", 1, False)],
)
def test_a_confirmation_names_the_certificate_as_the_answer_did(
    desk: Desk, kind: str, cert_req_id: int, taken: bool
) -> None:
    key, holder = new_key(), desk.new_holder()
    if kind in {"cr", "kur"}:
        talk = desk.talk(holder.by("signing"))
        talk.ask(holder.name, key, BodyType.CR if kind == "cr" else BodyType.KUR)
    else:
        talk = desk.talk(desk.enrolled())
        machine = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
        if kind == "p10cr":
            talk.say(BodyType.P10CR, pkcs10(key, machine.public_bytes()))
        else:
            talk.ask(machine, key, BodyType.IR)
    content, _ = certificate_confirmation(talk.certificate)
    (status,) = decode_list(CertConfirmContent, content)
    status.cert_req_id = cert_req_id
    nonce = talk.nonce
    answer = talk.say(BodyType.CERTCONF, encode_list(CertConfirmContent(items=[status])), nonce)
    if taken:
        assert answer.body_type is BodyType.PKICONF
    else:
        assert talk.reasons == {"badCertId"}


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


@pytest.mark.parametrize(
    ("content", "answers", "reason"),
    [(_FAILED, False, "badRecipientNonce"), (b"\x04\x01x", True, "badDataFormat")],
    ids=["another nonce", "no ErrorMsgContent"],
)
def test_an_error_message_that_is_not_in_order_withdraws_nothing(
    desk: Desk, content: bytes, answers: bool, reason: str
) -> None:
    talk = desk.talk(desk.enrolled())
    talk.ask(x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB"), new_key(), BodyType.IR)
    certificate, nonce = talk.certificate, talk.nonce
    talk.say(BodyType.ERROR, content, nonce if answers else bytes(16))
    assert talk.reasons == {reason}
    assert desk.state_of(certificate) is PENDING
    assert talk.say(BodyType.ERROR, _FAILED, nonce).body_type is BodyType.PKICONF
    assert desk.state_of(certificate) is not PENDING
