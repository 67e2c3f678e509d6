# SPDX-License-Identifier: Apache-2.0
"""What the answer says of a certificate that is not what was asked for (RFC 9810, 5.2.3)."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from selfrenew.cmp.algorithms import signature_identifier
from selfrenew.cmp.building import certificate_request
from selfrenew.cmp.crmf import AttributeTypeAndValue, CertReqMessages
from selfrenew.cmp.message import decode, decode_list, encode_list, tlv
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType, CertRepMessage, PkiStatus
from selfrenew_emulator.certificate_status import CertificateState

from .conftest import Desk, Talk, new_key
from .requesting import extension, pkcs10, rdns, request_with, written_otherwise

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
DAY = timedelta(days=1)
REG_TOKEN = x509.ObjectIdentifier("1.3.6.1.5.5.7.5.1.1")
"""id-regCtrl-regToken (RFC 4211, 6.1)."""


def status_of(talk: Talk) -> int:
    assert talk.answer is not None
    (response,) = decode(CertRepMessage, talk.answer.content).response
    return response.status.status


def ask(
    desk: Desk,
    *extensions: x509.ExtensionType,
    critical: bool = False,
    not_after: datetime | None = None,
) -> Talk:
    talk = desk.talk(desk.enrolled())
    asked = [extension(each, critical=critical) for each in extensions]
    content = certificate_request(MACHINE, new_key(), not_after=not_after, extensions=asked)
    talk.say(BodyType.IR, content)
    return talk


def test_what_was_asked_for_is_accepted(desk: Desk) -> None:
    usage = ask(desk).certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    talk = ask(desk, usage, critical=True, not_after=desk.clock() + 9 * DAY)
    assert talk.certificate.not_valid_after_utc == desk.clock() + 9 * DAY
    assert status_of(talk) == PkiStatus.ACCEPTED


@pytest.mark.parametrize(
    "asked",
    [
        x509.SubjectAlternativeName([x509.DNSName("machine.test")]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.KeyUsage(*[True] * 5, *[False] * 4),
    ],
    ids=["subjectAltName", "extKeyUsage", "keyUsage"],
)
def test_an_extension_that_was_dropped_or_changed_is_told(
    desk: Desk, asked: x509.ExtensionType
) -> None:
    talk = ask(desk, asked, critical=True)
    assert status_of(talk) == PkiStatus.GRANTED_WITH_MODS
    assert talk.confirm().body_type is BodyType.PKICONF


def usage(*named: str) -> x509.KeyUsage:
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    others = ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{bit: bit in named for bit in (*bits, *others)})


@pytest.mark.parametrize(
    ("key", "named", "taken"),
    [
        ("rsa", ("digital_signature", "key_encipherment"), True),
        ("ec", ("digital_signature", "key_agreement"), True),
        ("ec", ("digital_signature", "content_commitment"), True),
        ("ec", ("digital_signature", "key_encipherment"), False),
        ("rsa", ("digital_signature", "key_agreement"), False),
        ("ed25519", ("digital_signature", "key_agreement"), False),
        ("ec", ("key_agreement",), False),
        ("ec", ("digital_signature", "key_cert_sign"), False),
        ("ec", ("digital_signature", "crl_sign"), False),
    ],
)
def test_a_machine_chooses_what_its_key_is_for(
    desk: Desk, key: str, named: tuple[str, ...], taken: bool
) -> None:
    signer = {
        "rsa": lambda: PrivateKeySigner(rsa.generate_private_key(65537, 2048)),
        "ec": new_key,
        "ed25519": lambda: PrivateKeySigner(ed25519.Ed25519PrivateKey.generate()),
    }[key]()
    asked = extension(usage(*named), critical=True)
    talk = desk.talk(desk.enrolled())
    talk.say(BodyType.IR, certificate_request(MACHINE, signer, extensions=[asked]))
    given = talk.certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert given.critical
    assert given.value == usage(*named if taken else ("digital_signature",))
    assert status_of(talk) == (PkiStatus.ACCEPTED if taken else PkiStatus.GRANTED_WITH_MODS)


def test_a_person_does_not_choose_what_her_key_is_for(desk: Desk) -> None:
    name = desk.new_name()
    talk = desk.talk(desk.enrolled(subject=name, profiles=("authentication",)))
    asked = extension(usage("digital_signature", "key_agreement"), critical=True)
    talk.say(BodyType.IR, certificate_request(name, new_key(), extensions=[asked]))
    given = talk.certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert given.value == usage("digital_signature")


def test_an_extension_that_is_critical_only_in_the_certificate_is_told(desk: Desk) -> None:
    usage = ask(desk).certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert status_of(ask(desk, usage)) == PkiStatus.GRANTED_WITH_MODS


def test_a_validity_that_was_cut_is_told(desk: Desk) -> None:
    talk = ask(desk, not_after=desk.clock() + 9999 * DAY)
    assert status_of(talk) == PkiStatus.GRANTED_WITH_MODS


def test_a_renewal_that_was_not_given_the_asked_validity_is_told(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key(), not_after=desk.clock() + DAY)
    assert status_of(talk) == PkiStatus.GRANTED_WITH_MODS


def test_a_control_that_nothing_was_done_about_is_told(desk: Desk) -> None:
    token = AttributeTypeAndValue(type=REG_TOKEN, value=tlv(b"\x0c\x05token"))
    talk = desk.talk(desk.enrolled())
    talk.say(BodyType.IR, request_with(new_key(), MACHINE, controls=[token]))
    assert status_of(talk) == PkiStatus.GRANTED_WITH_MODS
    assert talk.confirm().body_type is BodyType.PKICONF


def test_a_subject_that_was_left_to_the_ca_is_no_change(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(x509.Name([]), new_key())
    assert status_of(talk) == PkiStatus.ACCEPTED


def test_a_request_to_another_issuer_is_for_the_wrong_authority(desk: Desk) -> None:
    issuers = {name.value: each.subject for name, each in desk.ca.issuers.items()}
    for asked, reasons in (
        (MACHINE, {"wrongAuthority"}),
        (issuers["signing"], {"wrongAuthority"}),
        (issuers["authentication"], None),
        (written_otherwise(issuers["authentication"]), None),
        (x509.Name([]), None),
    ):
        key = new_key()
        talk = desk.talk(desk.enrolled())
        talk.say(BodyType.IR, request_with(key, MACHINE, issuer=rdns(asked)))
        if reasons is None:
            assert status_of(talk) == PkiStatus.ACCEPTED
        else:
            assert talk.reasons == reasons


def test_a_template_leaves_the_signature_to_the_ca(desk: Desk) -> None:
    key = new_key()
    talk = desk.talk(desk.enrolled())
    algorithm = signature_identifier(key.public_key)
    talk.say(BodyType.IR, request_with(key, MACHINE, signing_alg=algorithm))
    assert talk.reasons == {"badCertTemplate"}


@pytest.mark.parametrize(
    ("asked", "answered", "number"),
    [
        (BodyType.IR, BodyType.IP, 0),
        (BodyType.CR, BodyType.CP, 0),
        (BodyType.P10CR, BodyType.CP, -1),
    ],
)
def test_a_certificate_is_refused_in_the_answer_of_its_kind(
    desk: Desk, asked: BodyType, answered: BodyType, number: int
) -> None:
    talk = desk.talk(desk.enrolled())
    person = desk.new_name()
    content = pkcs10(new_key(), person.public_bytes())
    if asked is not BodyType.P10CR:
        content = certificate_request(person, new_key())
    answer = talk.say(asked, content)
    assert (answer.body_type, talk.reasons) == (answered, {"notAuthorized"})
    (response,) = decode(CertRepMessage, answer.content).response
    assert response.cert_req_id == number
    # Its transaction is over.
    talk.say(asked, content)
    assert talk.answer is not None
    assert (talk.answer.body_type, talk.reasons) == (BodyType.ERROR, {"transactionIdInUse"})


def test_a_message_that_is_no_request_gets_an_error(desk: Desk) -> None:
    talk = desk.talk(desk.enrolled())
    answer = talk.say(BodyType.IR, encode_list(CertReqMessages(items=[])))
    assert (answer.body_type, talk.reasons) == (BodyType.ERROR, {"badDataFormat"})


@pytest.mark.parametrize(
    ("asked", "answered"),
    [(BodyType.IR, BodyType.IP), (BodyType.CR, BodyType.CP), (BodyType.KUR, BodyType.KUP)],
)
@pytest.mark.parametrize("numbers", [(0, 0), (-1,), (1,)], ids=str)
def test_a_request_of_another_form_is_refused_in_the_answer_of_its_kind(
    desk: Desk, asked: BodyType, answered: BodyType, numbers: tuple[int, ...]
) -> None:
    holder, requests = desk.new_holder(), []
    for number in numbers:
        (request,) = decode_list(CertReqMessages, certificate_request(holder.name, new_key()))
        request.cert_req.cert_req_id = number
        requests.append(request)
    talk = desk.talk(holder.by("authentication"))
    answer = talk.say(asked, encode_list(CertReqMessages(items=requests)))
    assert (answer.body_type, talk.reasons) == (answered, {"badRequest"})
    (response,) = decode(CertRepMessage, answer.content).response
    assert response.cert_req_id == 0


def test_who_knows_the_ca_is_not_given_its_anchor(desk: Desk) -> None:
    for asked, given in ((BodyType.IR, True), (BodyType.CR, False)):
        talk = desk.talk(desk.enrolled())
        answer = talk.ask(MACHINE, new_key(), asked)
        anchors = decode(CertRepMessage, answer.content).ca_pubs
        assert (anchors is not None) is given


def test_a_refusal_leaves_the_pending_certificate_of_before(desk: Desk) -> None:
    name = desk.new_name()
    mac = desk.enrolled(subject=name, profiles=("signing",), uses=1)
    first = desk.talk(mac)
    first.ask(name, new_key(), BodyType.IR)
    pending = first.certificate
    by = desk.enrolled(subject=name, profiles=("signing",), uses=0)
    talk = desk.talk(by)
    talk.ask(name, new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}
    assert desk.state_of(pending) is CertificateState.PENDING
