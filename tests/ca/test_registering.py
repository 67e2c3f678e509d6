# SPDX-License-Identifier: Apache-2.0
"""A registration authority in front of the CA (RFC 9810, 5.1.3.5, 5.1.1.3 and 5.2.8.1)."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import Null, Variant
from cryptography.x509.oid import ExtensionOID

from selfrenew.cmp.building import (
    MacProtection,
    SignatureProtection,
    certificate_request,
)
from selfrenew.cmp.crmf import CertReqMessages, CertReqMsg, CertTemplate, RevDetails, RevReqContent
from selfrenew.cmp.information import InfoType, info
from selfrenew.cmp.message import Message, decode_list, decode_message, encode, encode_list, tlv
from selfrenew.cmp.protection import protect, verify_signature
from selfrenew.cmp.structures import BodyType, GenMsgContent, PkiMessages
from selfrenew.secret import Secret
from selfrenew_emulator.ca import REGISTRATION, IssuerName
from selfrenew_emulator.certificate_status import CertificateState

from .conftest import Desk, Talk, new_key

OFFICE = x509.Name.from_rfc4514_string("CN=office,O=NHS TEST,C=GB")


@pytest.fixture
def office(desk: Desk) -> SignatureProtection:
    mac, key = desk.enrolled(profiles=(REGISTRATION.name,)), new_key()
    talk = desk.talk(mac, REGISTRATION.name)
    talk.ask(OFFICE, key, BodyType.IR)
    certificate = talk.certificate
    assert talk.confirm().body_type is BodyType.PKICONF
    return SignatureProtection(key, certificate)


def verified(request: bytes) -> bytes:
    """Have the proof of possession replaced by a registration authority's word."""
    (message,) = decode_list(CertReqMessages, request)
    changed = CertReqMsg(cert_req=message.cert_req, popo=Variant(Null(), "raVerified"))
    return encode_list(CertReqMessages(items=[changed]))


def nest(talk: Talk, messages: Sequence[bytes], **fields: bytes) -> bytes:
    """Wrap messages: with one, in its own transaction and with its nonce."""
    content = encode_list(PkiMessages(items=[tlv(each) for each in messages]))
    message = decode_message(talk.conversation.message(BodyType.NESTED, content))
    header, protection = message.header, talk.conversation.protection
    if len(messages) == 1:
        within = decode_message(messages[0]).header
        header.transaction_id, header.sender_nonce = within.transaction_id, within.sender_nonce
    for field, value in fields.items():
        setattr(header, field, value)
    assert protection is not None
    by = protection.secret if isinstance(protection, MacProtection) else protection.signer
    return protect(Message(header, BodyType.NESTED, content, None, message.extra_certs), by)


def test_its_certificate_says_what_it_may(office: SignatureProtection) -> None:
    usage = office.certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    named = [each.dotted_string for each in usage.value]  # type: ignore[attr-defined]
    assert named == ["1.3.6.1.5.5.7.3.28", "1.3.6.1.5.5.7.3.2"]


def test_it_asks_for_a_persons_first_certificate(desk: Desk, office: SignatureProtection) -> None:
    name = desk.new_name()
    talk = desk.talk(office, "authentication")
    talk.ask(name, new_key(), BodyType.IR)
    certificate = talk.certificate
    assert certificate.subject == name
    assert talk.confirm().body_type is BodyType.PKICONF
    assert desk.valid(name, "authentication") == [certificate]


def test_its_word_stands_for_the_proof_of_possession(
    desk: Desk, office: SignatureProtection
) -> None:
    name = desk.new_name()
    talk = desk.talk(office, "signing")
    talk.say(BodyType.IR, verified(certificate_request(name, new_key())))
    assert talk.certificate.subject == name


def test_nobody_elses_word_does(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.say(BodyType.CR, verified(certificate_request(holder.name, new_key())))
    assert talk.reasons == {"notAuthorized"}


def test_its_word_is_not_enough_for_an_update(desk: Desk, office: SignatureProtection) -> None:
    holder = desk.new_holder()
    old = holder.certificates["signing"]
    talk = desk.talk(office)
    request = certificate_request(holder.name, new_key(), old_certificate=old)
    talk.say(BodyType.KUR, verified(request))
    assert talk.reasons == {"notAuthorized"}
    assert desk.valid(holder.name, "signing") == [old]


def test_it_updates_a_certificate_that_it_names(desk: Desk, office: SignatureProtection) -> None:
    holder = desk.new_holder()
    old = holder.certificates["signing"]
    talk = desk.talk(office)
    talk.say(BodyType.KUR, certificate_request(holder.name, new_key(), old_certificate=old))
    new = talk.certificate
    talk.confirm()
    assert desk.state_of(old) is CertificateState.SUPERSEDED
    assert desk.valid(holder.name, "signing") == [new]
    again = desk.talk(office)
    again.say(BodyType.KUR, certificate_request(holder.name, new_key(), old_certificate=old))
    assert again.reasons == {"certRevoked"}
    unnamed = desk.talk(office)
    unnamed.say(BodyType.KUR, certificate_request(holder.name, new_key()))
    assert unnamed.reasons == {"badCertId"}


def test_it_has_a_persons_certificate_revoked(desk: Desk, office: SignatureProtection) -> None:
    certificate = desk.new_holder().certificates["signing"]
    issuer = decode_list(GenMsgContent, certificate.issuer.public_bytes())
    template = CertTemplate(serial_number=certificate.serial_number, issuer=issuer)
    content = encode_list(RevReqContent(items=[RevDetails(cert_details=template)]))
    assert desk.talk(office).say(BodyType.RR, content).body_type is BodyType.RP
    assert desk.state_of(certificate) is CertificateState.REVOKED


@pytest.mark.parametrize("profile", [REGISTRATION.name, "card-authentication"])
def test_it_gets_nothing_that_is_for_enrolments(
    desk: Desk, office: SignatureProtection, profile: str
) -> None:
    talk = desk.talk(office, profile)
    talk.ask(desk.new_name(), new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}


def test_no_holder_gets_its_profile(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("signing"), REGISTRATION.name)
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"notAuthorized"}


def test_it_needs_a_subject(desk: Desk, office: SignatureProtection) -> None:
    talk = desk.talk(office, "signing")
    talk.ask(x509.Name([]), new_key())
    assert talk.reasons == {"badCertTemplate"}


def test_a_message_that_it_wraps_is_answered_for_its_sender(
    desk: Desk, office: SignatureProtection
) -> None:
    holder = desk.new_holder()
    inner = desk.talk(holder.by("authentication"))
    raw = inner.conversation.message(BodyType.CR, certificate_request(holder.name, new_key()))
    outer = desk.talk(office)
    inner.answer = outer.say_raw(nest(outer, [raw]))
    assert inner.answer.header.transaction_id == inner.conversation.transaction_id
    assert inner.answer.header.recip_nonce == inner.conversation.sender_nonce
    certificate = inner.certificate
    assert inner.confirm().body_type is BodyType.PKICONF
    assert desk.state_of(certificate) is CertificateState.VALID


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("transaction_id", "badRequest"),
        ("sender_nonce", "badSenderNonce"),
        ("recip_nonce", "badRecipientNonce"),
    ],
)
def test_what_wraps_one_message_is_of_its_transaction(
    desk: Desk, office: SignatureProtection, field: str, reason: str
) -> None:
    inner = desk.talk(desk.new_holder().by("authentication"))
    content = certificate_request(x509.Name([]), new_key())
    raw = inner.conversation.message(BodyType.CR, content)
    outer = desk.talk(office)
    answer = outer.say_raw(nest(outer, [raw], **{field: desk.randomness(16)}))
    assert (answer.body_type, outer.reasons) == (BodyType.ERROR, {reason})


@pytest.mark.parametrize(
    ("field", "reason"),
    [("transaction_id", "transactionIdInUse"), ("sender_nonce", "badSenderNonce")],
)
def test_what_wraps_more_messages_is_of_a_transaction_of_its_own(
    desk: Desk, office: SignatureProtection, field: str, reason: str
) -> None:
    raws = [desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00") for _ in range(2)]
    outer = desk.talk(office)
    taken = {field: getattr(decode_message(raws[1]).header, field)}
    answer = outer.say_raw(nest(outer, raws, **taken))
    assert (answer.body_type, outer.reasons) == (BodyType.ERROR, {reason})


def test_what_is_nested_is_signed(desk: Desk) -> None:
    raw = desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00")
    outer = desk.talk(desk.enrolled())
    outer.say_raw(nest(outer, [raw]))
    assert outer.reasons == {"wrongIntegrity"}


def test_messages_sent_together_are_answered_together(
    desk: Desk, office: SignatureProtection
) -> None:
    inner = []
    for _ in range(3):
        holder = desk.new_holder()
        inner.append(desk.talk(holder.by("authentication")))
    stranger = desk.talk(MacProtection(b"nobody", Secret("guessed")))
    talks = [*inner, stranger]
    raws = [
        each.conversation.message(BodyType.CR, certificate_request(x509.Name([]), new_key()))
        for each in talks
    ]
    outer = desk.talk(office, "signing")
    answer = outer.say_raw(nest(outer, raws))
    assert answer.body_type is BodyType.NESTED
    verify_signature(answer, answer.certificates[0].public_key())
    answers = [decode_message(encode(each)) for each in decode_list(PkiMessages, answer.content)]
    for talk, each in zip(talks, answers, strict=True):
        assert each.header.transaction_id == talk.conversation.transaction_id
        talk.answer = each
    for talk in inner:
        assert talk.certificate.issuer == desk.ca.issuers[IssuerName.SIGNING].subject
    assert stranger.reasons == {"badMessageCheck"}


def test_a_malformed_message_costs_those_that_come_with_it_nothing(
    desk: Desk, office: SignatureProtection
) -> None:
    asking = desk.talk(None)
    good = asking.conversation.message(BodyType.GENM, b"\x30\x00")
    outer = desk.talk(office)
    answer = outer.say_raw(nest(outer, [b"\x05\x00", good]))
    assert answer.body_type is BodyType.NESTED
    told, informed = (
        decode_message(encode(each)) for each in decode_list(PkiMessages, answer.content)
    )
    assert informed.header.transaction_id == asking.conversation.transaction_id
    assert informed.body_type is BodyType.GENP
    outer.answer = told
    assert outer.reasons == {"badDataFormat"}


def test_only_it_wraps_and_only_once(desk: Desk, office: SignatureProtection) -> None:
    holder = desk.new_holder()
    raw = desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00")
    outer = desk.talk(holder.by("signing"))
    outer.say_raw(nest(outer, [raw]))
    assert outer.reasons == {"notAuthorized"}
    outer = desk.talk(office)
    outer.say_raw(nest(outer, [nest(desk.talk(office), [raw])]))
    assert outer.reasons == {"badRequest"}
    for count in (0, 21):
        outer = desk.talk(office)
        outer.say_raw(nest(outer, [raw] * count))
        assert outer.reasons == {"badRequest"}


def test_what_comes_along_as_the_message_before_is_one(
    desk: Desk, office: SignatureProtection
) -> None:
    talk = desk.talk(office, "signing")
    value = encode_list(PkiMessages(items=[tlv(b"\x05\x00")]))
    talk.conversation.general_info = [info(InfoType.ORIG_PKI_MESSAGE, value)]
    talk.ask(desk.new_name(), new_key(), BodyType.IR)
    assert talk.reasons == {"badDataFormat"}


@pytest.mark.parametrize("right", [True, False])
def test_a_message_before_that_is_signed_is_signed_right(
    desk: Desk, office: SignatureProtection, right: bool
) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    other = by if right else SignatureProtection(new_key(), by.certificate)
    request = certificate_request(holder.name, new_key())
    raw = desk.talk(other).conversation.message(BodyType.CR, request)
    talk = desk.talk(office, "signing")
    value = encode_list(PkiMessages(items=[tlv(raw)]))
    talk.conversation.general_info = [info(InfoType.ORIG_PKI_MESSAGE, value)]
    talk.say(BodyType.CR, verified(request))
    if right:
        assert talk.certificate.subject == holder.name
    else:
        assert talk.reasons == {"badMessageCheck"}


@pytest.mark.parametrize(
    ("count", "reasons"), [(1, None), (0, {"badRequest"}), (2, {"badRequest"})]
)
def test_the_message_it_made_anew_may_come_along(
    desk: Desk, office: SignatureProtection, count: int, reasons: set[str] | None
) -> None:
    name = desk.new_name()
    request = certificate_request(name, new_key())
    original = desk.talk(MacProtection(b"known to the office", Secret("only")))
    raw = tlv(original.conversation.message(BodyType.IR, request))
    talk = desk.talk(office, "signing")
    talk.conversation.general_info = [
        info(InfoType.ORIG_PKI_MESSAGE, encode_list(PkiMessages(items=[raw] * count)))
    ]
    talk.say(BodyType.IR, request)
    if reasons is None:
        assert talk.certificate.subject == name
    else:
        assert talk.reasons == reasons
