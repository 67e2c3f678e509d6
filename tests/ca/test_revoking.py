# SPDX-License-Identifier: Apache-2.0
"""Who may have which certificate revoked, and what else is told (RFC 9810, 5.3.9 and 5.3.10)."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV

from selfrenew.cmp.building import MacProtection, SignatureProtection
from selfrenew.cmp.crmf import CertTemplate, Extension, RevDetails, RevReqContent
from selfrenew.cmp.message import decode, decode_list, encode, encode_list, fail_names, tlv
from selfrenew.cmp.structures import BodyType, GenMsgContent, PkiStatus, RevRepContent
from selfrenew.cmp.template import public_key_info
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import CertificateState

from .conftest import Desk, Talk, new_key
from .requesting import extension, written_otherwise

REASON_CODE = x509.ObjectIdentifier("2.5.29.21")
MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
VALID, REVOKED = CertificateState.VALID, CertificateState.REVOKED


def rdns(name: x509.Name) -> list[TLV]:
    return decode_list(GenMsgContent, name.public_bytes())


def details(certificate: x509.Certificate, reason: int | None = None, **fields: Any) -> RevDetails:
    template = {"serial_number": certificate.serial_number, "issuer": rdns(certificate.issuer)}
    extensions = None
    if reason is not None:
        code = Extension(oid=REASON_CODE, critical=False, value=bytes((0x0A, 1, reason)))
        extensions = [tlv(encode(code))]
    return RevDetails(cert_details=CertTemplate(**template | fields), crl_entry_details=extensions)


def revoke(talk: Talk, *wanted: RevDetails) -> frozenset[str]:
    """Ask, and give the reasons of a refusal."""
    answer = talk.say(BodyType.RR, encode_list(RevReqContent(items=list(wanted))))
    assert answer.body_type is BodyType.RP
    (status,) = decode(RevRepContent, answer.content).status
    refused = fail_names(status)
    assert status.status == (PkiStatus.REJECTION if refused else PkiStatus.ACCEPTED)
    return refused


@pytest.mark.parametrize("voucher", ["authentication", "signing"])
def test_a_person_has_her_certificate_revoked_by_either_of_hers(desk: Desk, voucher: str) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    talk = desk.talk(holder.by(voucher))
    assert revoke(talk, details(certificate, 1)) == set()
    assert desk.state_of(certificate) is REVOKED
    assert talk.answer is not None
    (named,) = decode(RevRepContent, talk.answer.content).rev_certs or []
    assert named.serial_number == certificate.serial_number
    (record,) = [
        each for each in desk.ca.certificates_of(holder.name) if each.certificate == certificate
    ]
    assert record.reason is x509.ReasonFlags.key_compromise


def test_what_was_revoked_is_not_revoked_again(desk: Desk) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    assert revoke(desk.talk(holder.by("authentication")), details(certificate)) == set()
    again = revoke(desk.talk(holder.by("authentication")), details(certificate))
    assert again == {"certRevoked"}
    by_itself = revoke(desk.talk(holder.by("signing")), details(certificate))
    assert by_itself == {"certRevoked"}


def test_nobody_revokes_for_another(desk: Desk) -> None:
    holder, other = desk.new_holder(), desk.new_holder()
    wanted = details(other.certificates["signing"])
    assert revoke(desk.talk(holder.by("signing")), wanted) == {"notAuthorized"}
    assert desk.state_of(other.certificates["signing"]) is VALID


def test_a_subject_that_was_chosen_gives_no_right(desk: Desk) -> None:
    mac, made = desk.enrolled(uses=None), []
    for _ in range(2):
        key, talk = new_key(), desk.talk(mac)
        talk.ask(MACHINE, key, BodyType.IR)
        made.append(SignatureProtection(key, talk.certificate))
        talk.confirm()
    one, other = made
    assert revoke(desk.talk(one), details(other.certificate)) == {"notAuthorized"}
    assert revoke(desk.talk(other), details(other.certificate)) == set()


def test_a_secret_revokes_what_was_asked_for_with_it(desk: Desk) -> None:
    mac, stranger = desk.enrolled(uses=1), desk.enrolled(uses=None)
    talk = desk.talk(mac)
    talk.ask(MACHINE, new_key(), BodyType.IR)
    certificate = talk.certificate
    talk.confirm()
    assert revoke(desk.talk(stranger), details(certificate)) == {"notAuthorized"}
    assert revoke(desk.talk(mac), details(certificate, 5)) == set()
    assert desk.state_of(certificate) is REVOKED


@pytest.mark.parametrize("reason", [6, 8])
def test_a_certificate_is_revoked_for_good(desk: Desk, reason: int) -> None:
    holder = desk.new_holder()
    wanted = details(holder.certificates["signing"], reason)
    assert revoke(desk.talk(holder.by("signing")), wanted) == {"badRequest"}
    assert desk.state_of(holder.certificates["signing"]) is VALID


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"serial_number": 12345}, {"badCertId"}),
        ({"serial_number": None}, {"addInfoNotAvailable"}),
        ({"issuer": None}, {"addInfoNotAvailable"}),
        ({"issuer": rdns(MACHINE)}, {"badCertId"}),
        ({"subject": rdns(MACHINE)}, {"badCertId"}),
        ({"public_key": public_key_info(new_key().public_key)}, {"badCertId"}),  # type: ignore[arg-type]
        ({"version": 0}, {"badRequest"}),
        ({"extensions": [extension(x509.InhibitAnyPolicy(0))]}, {"badCertId"}),
    ],
)
def test_the_certificate_has_to_be_named_right(
    desk: Desk, changed: dict[str, Any], reasons: set[str]
) -> None:
    holder = desk.new_holder()
    wanted = details(holder.certificates["signing"], **changed)
    assert revoke(desk.talk(holder.by("signing")), wanted) == reasons
    assert desk.state_of(holder.certificates["signing"]) is VALID


def test_the_certificate_is_named_right_however_its_names_are_written(desk: Desk) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    names = {
        "issuer": rdns(written_otherwise(certificate.issuer)),
        "subject": rdns(written_otherwise(certificate.subject)),
    }
    assert revoke(desk.talk(holder.by("signing")), details(certificate, **names)) == set()
    assert desk.state_of(certificate) is REVOKED


def test_what_is_no_reason_is_told(desk: Desk) -> None:
    holder = desk.new_holder()
    for reason in (7, 11):
        wanted = details(holder.certificates["signing"], reason)
        assert revoke(desk.talk(holder.by("signing")), wanted) == {"badDataFormat"}


def test_what_a_template_says_besides_is_the_certificates_too(desk: Desk) -> None:
    mac = desk.enrolled(uses=1)
    talk = desk.talk(mac)
    talk.ask(MACHINE, new_key(), BodyType.IR)
    machine = talk.certificate
    own = [extension(each.value, critical=each.critical) for each in machine.extensions]
    assert revoke(desk.talk(mac), details(machine, version=2, extensions=own)) == set()


def test_a_certificate_is_revoked_for_one_reason(desk: Desk) -> None:
    holder = desk.new_holder()
    wanted = details(holder.certificates["signing"], 1)
    assert wanted.crl_entry_details is not None
    wanted.crl_entry_details *= 2
    assert revoke(desk.talk(holder.by("signing")), wanted) == {"badRequest"}
    assert desk.state_of(holder.certificates["signing"]) is VALID


def test_a_wrong_protection_is_told_in_rp_too(desk: Desk) -> None:
    holder = desk.new_holder()
    wanted = details(holder.certificates["signing"])
    assert revoke(desk.talk(None), wanted) == {"badMessageCheck"}
    stranger = MacProtection(b"nobody", Secret("guessed"))
    assert revoke(desk.talk(stranger), wanted) == {"badMessageCheck"}
    assert desk.state_of(holder.certificates["signing"]) is VALID


def test_a_revocation_says_what_it_did_and_keeps_its_transaction(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"))
    wanted = details(holder.certificates["signing"])
    assert revoke(talk, wanted) == set()
    assert talk.answer is not None
    (status,) = decode(RevRepContent, talk.answer.content).status
    assert status.status_string == ["revoked"]
    refused = desk.talk(holder.by("authentication"))
    assert revoke(refused, wanted) == {"certRevoked"}
    assert revoke(refused, wanted) == {"transactionIdInUse"}


def test_one_certificate_a_message_is_revoked(desk: Desk) -> None:
    holder = desk.new_holder()
    both = [details(each) for each in holder.certificates.values()]
    assert revoke(desk.talk(holder.by("signing")), *both) == {"badRequest"}
    assert revoke(desk.talk(holder.by("signing"))) == {"badRequest"}


def test_a_revoked_certificate_is_not_confirmed_any_more(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    new = talk.certificate
    assert revoke(desk.talk(holder.by("authentication")), details(new)) == set()
    talk.confirm()
    assert talk.reasons == {"certRevoked"}
    assert desk.state_of(holder.certificates["signing"]) is VALID
