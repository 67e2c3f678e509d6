# SPDX-License-Identifier: Apache-2.0
"""Each rule for a header, a confirmation and a transaction, and its failInfo (RFC 9483, 3.5)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew.cmp.algorithms import identifier
from selfrenew.cmp.building import (
    ANY_INFORMATION,
    NULL_CONTENT,
    Conversation,
    MacProtection,
    certificate_confirmation,
    certificate_request,
    error_report,
    fail_bits,
)
from selfrenew.cmp.information import InfoType, info
from selfrenew.cmp.message import Message, decode_list, decode_message, encode, encode_list
from selfrenew.cmp.protection import protect, verify_mac, verify_signature
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    FailureInfo,
    PkiHeader,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

from .conftest import CONTENT_TYPE, Desk, Holder, new_key, post


def conversation(desk: Desk, talk_protection: object, nonce_bytes: int) -> Conversation:
    return Conversation(
        talk_protection,  # type: ignore[arg-type]
        x509.Name([]),
        clock=desk.clock,
        randomness=lambda count: desk.randomness(min(count, nonce_bytes)),
    )


def test_an_answer_repeats_transaction_and_nonce_and_is_signed(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    answer = talk.ask(holder.name, new_key())
    header = answer.header
    assert header.transaction_id == talk.conversation.transaction_id
    assert header.recip_nonce == talk.conversation.sender_nonce
    assert len(header.sender_nonce or b"") == 16
    signer = answer.certificates[0]
    verify_signature(answer, signer.public_key())
    signer.verify_directly_issued_by(answer.certificates[1])


def test_an_answer_under_a_secret_is_protected_by_it(desk: Desk) -> None:
    name = desk.new_name()
    mac = desk.enrolled(subject=name, profiles=("signing",))
    talk = desk.talk(mac, "signing")
    answer = talk.ask(name, new_key(), BodyType.IR)
    verify_mac(answer, mac.secret)
    verify_mac(talk.confirm(), mac.secret)
    assert desk.ca.root in answer.certificates


@pytest.mark.parametrize("pvno", [2, 3])
def test_both_versions_are_spoken(desk: Desk, pvno: int) -> None:
    holder, key = desk.new_holder(), new_key()
    talk = desk.talk(holder.by("authentication"), "signing")
    answer = talk.say(BodyType.CR, certificate_request(holder.name, key), pvno=pvno)
    assert answer.header.pvno == pvno


@pytest.mark.parametrize(
    ("pvno", "nearest"), [(1, 2), (4, 3), (256, 3), (-1, 2), (1 << 8_000, 3)], ids=lambda _: ""
)
def test_another_version_is_refused_in_the_nearest(desk: Desk, pvno: int, nearest: int) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    answer = talk.say(BodyType.CR, certificate_request(holder.name, new_key()), pvno=pvno)
    assert answer.header.pvno == nearest
    assert talk.reasons == {"unsupportedVersion"}


def test_a_transaction_id_counts_once(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    talk.confirm()
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"transactionIdInUse"}


def test_a_short_transaction_id_is_refused(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.conversation = conversation(desk, holder.by("authentication"), 15)
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"badRequest"}


@pytest.mark.parametrize("off", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_clock_that_is_off_is_told(desk: Desk, off: timedelta) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    raw = talk.conversation.message(BodyType.CR, certificate_request(holder.name, new_key()))
    desk.clock.advance(off)
    talk.say_raw(raw)
    assert talk.reasons == {"badTime"}


def with_bytes(field: str, count: int | None) -> Callable[[PkiHeader], None]:
    return lambda header: setattr(header, field, None if count is None else bytes(count))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda header: setattr(header, "pvno", 4), "unsupportedVersion"),
        (with_bytes("transaction_id", None), "badDataFormat"),
        (with_bytes("transaction_id", 15), "badRequest"),
        (with_bytes("transaction_id", 17), "badRequest"),
        (with_bytes("sender_nonce", None), "badSenderNonce"),
        (with_bytes("sender_nonce", 15), "badSenderNonce"),
        (with_bytes("sender_nonce", 65), "badSenderNonce"),
        (
            lambda header: setattr(
                header, "message_time", GeneralizedTime(DEFAULT_NOW - timedelta(minutes=6))
            ),
            "badTime",
        ),
    ],
    ids=[
        "pvno",
        *("transactionID missing", "transactionID short", "transactionID long"),
        *("senderNonce missing", "senderNonce short", "senderNonce long"),
        "messageTime",
    ],
)
@pytest.mark.parametrize("knows", [True, False])
def test_what_is_wrong_with_a_header_is_told_under_the_askers_secret(
    desk: Desk, spoil: Callable[[PkiHeader], None], reason: str, knows: bool
) -> None:
    mac = desk.enrolled()
    talk = desk.talk(mac)
    content = certificate_request(desk.new_name(), new_key())
    message = decode_message(talk.conversation.message(BodyType.IR, content))
    spoil(message.header)
    secret = mac.secret if knows else Secret("guessed")
    answer = talk.say_raw(protect(Message(message.header, BodyType.IR, content), secret))
    assert talk.reasons == {reason}
    if knows:
        verify_mac(answer, mac.secret)
    else:
        verify_signature(answer, answer.certificates[0].public_key())


def test_a_longer_nonce_is_repeated(desk: Desk) -> None:
    talk = desk.talk(desk.enrolled())
    talk.conversation = conversation(desk, talk.conversation.protection, 64)
    message = decode_message(talk.conversation.message(BodyType.GENM, ANY_INFORMATION))
    message.header.sender_nonce = bytes(64)
    mac = talk.conversation.protection
    assert isinstance(mac, MacProtection)
    again = Message(message.header, BodyType.GENM, ANY_INFORMATION)
    assert talk.say_raw(protect(again, mac.secret)).header.recip_nonce == bytes(64)


def test_a_first_message_with_a_recip_nonce_is_refused(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.say(BodyType.CR, certificate_request(holder.name, new_key()), bytes(16))
    assert talk.reasons == {"badRecipientNonce"}


def test_a_confirmation_to_another_nonce_is_refused_and_may_come_again(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    new, nonce = talk.certificate, talk.nonce
    content, pvno = certificate_confirmation(new)
    talk.say(BodyType.CERTCONF, content, bytes(16), pvno)
    assert talk.reasons == {"badRecipientNonce"}
    assert desk.state_of(new) is CertificateState.PENDING
    assert talk.say(BodyType.CERTCONF, content, nonce, pvno).body_type is BodyType.PKICONF


def test_a_confirmation_of_another_certificate_is_refused(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    new = talk.certificate
    content, pvno = certificate_confirmation(holder.certificates["signing"])
    talk.say(BodyType.CERTCONF, content, talk.nonce, pvno)
    assert talk.reasons == {"badCertId"}
    assert desk.state_of(new) is CertificateState.PENDING


@pytest.mark.parametrize(
    ("oid", "pvno", "reasons"),
    [
        ("2.16.840.1.101.3.4.2.1", 3, None),
        ("2.16.840.1.101.3.4.2.1", 2, {"badRequest"}),
        ("2.999.1", 3, {"badCertId"}),
    ],
)
def test_a_confirmation_may_name_its_hash(
    desk: Desk, oid: str, pvno: int, reasons: set[str] | None
) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    (status,) = decode_list(CertConfirmContent, certificate_confirmation(talk.certificate)[0])
    status.hash_alg = identifier(x509.ObjectIdentifier(oid))
    content = encode_list(CertConfirmContent(items=[status]))
    answer = talk.say(BodyType.CERTCONF, content, talk.nonce, pvno)
    if reasons is None:
        assert answer.body_type is BodyType.PKICONF
    else:
        assert talk.reasons == reasons


@pytest.mark.parametrize(
    "told",
    [
        PkiStatusInfo(status=PkiStatus.WAITING),
        PkiStatusInfo(status=6),
        PkiStatusInfo(status=-1),
        PkiStatusInfo(status=PkiStatus.ACCEPTED, fail_info=fail_bits(FailureInfo.badAlg)),
        PkiStatusInfo(status=PkiStatus.GRANTED_WITH_MODS, fail_info=fail_bits(FailureInfo.badAlg)),
    ],
)
def test_a_confirmation_that_neither_accepts_nor_rejects_may_come_again(
    desk: Desk, told: PkiStatusInfo
) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    new, nonce = talk.certificate, talk.nonce
    content, pvno = certificate_confirmation(new)
    (status,) = decode_list(CertConfirmContent, content)
    status.status_info = told
    unclear = encode_list(CertConfirmContent(items=[status]))
    talk.say(BodyType.CERTCONF, unclear, nonce, pvno)
    assert talk.reasons == {"badRequest"}
    assert desk.state_of(new) is CertificateState.PENDING
    assert talk.say(BodyType.CERTCONF, content, nonce, pvno).body_type is BodyType.PKICONF
    assert desk.state_of(new) is CertificateState.VALID


IMPLICIT = info(InfoType.IMPLICIT_CONFIRM, NULL_CONTENT)
LATER = info(InfoType.CONFIRM_WAIT_TIME, encode(GeneralizedTime(DEFAULT_NOW)))


@pytest.mark.parametrize(
    ("general_info", "reason"),
    [
        ([info(InfoType.IMPLICIT_CONFIRM, b"\x01\x01\xff")], "badRequest"),
        ([IMPLICIT, LATER], "badRequest"),
        ([info(InfoType.CONFIRM_WAIT_TIME, b"\x17\x0d270101000000Z")], "badDataFormat"),
        ([info(InfoType.CONFIRM_WAIT_TIME)], "badDataFormat"),
    ],
    ids=["a value", "both", "UTCTime", "no time"],
)
def test_how_it_is_to_be_confirmed_is_said_in_one_way(
    desk: Desk, general_info: list[TLV], reason: str
) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.conversation.general_info = general_info
    answer = talk.ask(holder.name, new_key())
    assert (answer.body_type, talk.reasons) == (BodyType.ERROR, {reason})
    assert desk.valid(holder.name, "signing") == [holder.certificates["signing"]]


def test_one_certificate_is_confirmed_at_a_time(desk: Desk) -> None:
    talk = desk.talk(desk.new_holder().by("authentication"), "signing")
    talk.ask(x509.Name([]), new_key())
    new = talk.certificate
    content, pvno = certificate_confirmation(new)
    both = decode_list(CertConfirmContent, content) * 2
    talk.say(BodyType.CERTCONF, encode_list(CertConfirmContent(items=both)), talk.nonce, pvno)
    assert talk.reasons == {"badRequest"}
    assert desk.state_of(new) is CertificateState.PENDING


def test_a_second_confirmation_is_told(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    content, pvno = certificate_confirmation(talk.certificate)
    nonce = talk.nonce
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    assert talk.reasons == {"certConfirmed"}


def test_nobody_confirms_for_another(desk: Desk) -> None:
    holder, other = desk.new_holder(), desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    new, nonce = talk.certificate, talk.nonce
    content, pvno = certificate_confirmation(new)
    talk.conversation.protection = other.by("authentication")
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    assert talk.reasons == {"notAuthorized"}
    assert desk.state_of(new) is CertificateState.PENDING


@pytest.mark.parametrize("signed_first", [True, False])
def test_a_transaction_keeps_to_one_kind_of_protection(desk: Desk, signed_first: bool) -> None:
    holder = desk.new_holder()
    kinds = (holder.by("authentication"), desk.enrolled(subject=holder.name, profiles=("signing",)))
    first, second = kinds if signed_first else reversed(kinds)
    talk = desk.talk(first, "signing")
    talk.ask(holder.name, new_key(), BodyType.CR if signed_first else BodyType.IR)
    new, nonce = talk.certificate, talk.nonce
    talk.conversation.protection = second
    content, pvno = certificate_confirmation(new)
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    assert talk.reasons == {"wrongIntegrity"}
    talk.conversation.protection = first
    assert talk.say(BodyType.CERTCONF, content, nonce, pvno).body_type is BodyType.PKICONF


def test_who_cannot_be_identified_is_told_that_the_protection_is_of_another_kind(
    desk: Desk,
) -> None:
    talk = desk.talk(desk.new_holder().by("authentication"), "signing")
    talk.ask(x509.Name([]), new_key())
    content, pvno = certificate_confirmation(talk.certificate)
    nonce = talk.nonce
    talk.conversation.protection = MacProtection(b"nobody", Secret("guessed"))
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    assert talk.reasons == {"wrongIntegrity"}
    talk.conversation.protection = None
    talk.say(BodyType.CERTCONF, content, nonce, pvno)
    assert talk.reasons == {"badMessageCheck"}


def test_who_reports_a_failure_is_heard_where_nothing_is_open(desk: Desk) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    informed, refused, granted, taken_back = (desk.talk(by, "signing") for _ in range(4))
    informed.say(BodyType.GENM, ANY_INFORMATION)
    refused.ask(desk.new_name(), new_key())
    assert refused.answer is not None
    assert refused.answer.body_type is BodyType.CP
    granted.conversation.general_info = [info(InfoType.IMPLICIT_CONFIRM, NULL_CONTENT)]
    granted.ask(holder.name, new_key())
    new = granted.certificate
    taken_back.say(BodyType.CR, NULL_CONTENT)
    assert taken_back.reasons == {"badDataFormat"}
    for talk in (informed, refused, granted, taken_back):
        answer = talk.say(BodyType.ERROR, error_report("cannot be read"), talk.nonce)
        assert answer.body_type is BodyType.PKICONF
    assert desk.state_of(new) is CertificateState.VALID


def test_nobody_reports_a_failure_for_another_nor_without_saying_it(desk: Desk) -> None:
    talk = desk.talk(desk.new_holder().by("signing"))
    talk.say(BodyType.GENM, ANY_INFORMATION)
    talk.say(BodyType.ERROR, NULL_CONTENT, talk.nonce)
    assert talk.reasons == {"badDataFormat"}
    talk.conversation.protection = desk.new_holder().by("signing")
    talk.say(BodyType.ERROR, error_report("not mine"), talk.nonce)
    assert talk.reasons == {"notAuthorized"}


def test_a_message_nobody_waits_for_is_refused(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"))
    content, pvno = certificate_confirmation(holder.certificates["signing"])
    talk.say(BodyType.CERTCONF, content, bytes(16), pvno)
    assert talk.reasons == {"badRequest"}
    talk.say(BodyType.PKICONF, NULL_CONTENT, bytes(16))
    assert talk.reasons == {"badRequest"}


def test_a_message_that_was_changed_on_its_way_is_refused(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    raw = bytearray(
        talk.conversation.message(BodyType.CR, certificate_request(holder.name, new_key()))
    )
    at = raw.index(talk.conversation.transaction_id)
    raw[at] ^= 1
    talk.say_raw(bytes(raw))
    assert talk.reasons == {"badMessageCheck"}


def test_each_message_is_in_the_audit_trail(desk: Desk) -> None:
    holder = desk.new_holder()
    before = len(desk.ca.audit())
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    serial = talk.certificate.serial_number
    talk.confirm()
    asked, confirmed = desk.ca.audit()[before:]
    assert (asked.message, confirmed.message) == ("cr", "certConf")
    assert f"{serial:x}" in asked.answer
    assert f"{serial:x}" in confirmed.answer
    assert asked.transaction_id == confirmed.transaction_id == talk.conversation.transaction_id


@pytest.fixture(scope="module")
def victim(served: EmbeddedStage) -> Holder:
    clock = served.clock
    assert isinstance(clock, SettableClock)
    return Desk(served, clock, seeded("victim"), 900_000_000).new_holder()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    flip=st.tuples(st.floats(0, 1), st.integers(1, 255)),
    damage=st.sampled_from(["cut", "flip", "append", "junk"]),
    junk=st.binary(max_size=200),
)
def test_any_bytes_are_answered_and_change_nothing(
    desk: Desk, victim: Holder, flip: tuple[float, int], damage: str, junk: bytes
) -> None:
    talk = desk.talk(victim.by("authentication"), "signing")
    good = talk.conversation.message(BodyType.CR, certificate_request(victim.name, new_key()))
    where, change = flip
    at = int(where * (len(good) - 1))
    raw = {
        "cut": good[:at],
        "flip": good[:at] + bytes([good[at] ^ change]) + good[at + 1 :],
        "append": good + junk + b"\x00",
        "junk": junk,
    }[damage]
    before = [(each.certificate, each.state) for each in desk.ca.certificates_of(victim.name)]
    answer = post(talk.url, raw)
    assert answer.status_code in {200, 400}
    assert decode_message(answer.content).body_type is BodyType.ERROR
    after = [(each.certificate, each.state) for each in desk.ca.certificates_of(victim.name)]
    assert after == before


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/p/unknown", CONTENT_TYPE, 404),
        ("/p/unknown/", CONTENT_TYPE, 404),
        ("/p/signing/", CONTENT_TYPE, 400),
        ("", "application/json", 415),
        ("/p/signing", "", 415),
    ],
)
def test_http_itself_is_held_to_its_rules(
    desk: Desk, path: str, content_type: str, status: int
) -> None:
    url = desk.stage.urls.cmp_http + path
    assert post(url, b"x", content_type).status_code == status


def test_a_message_that_is_too_long_is_refused(desk: Desk) -> None:
    assert post(desk.stage.urls.cmp_http, bytes(1_000_001)).status_code == 413
