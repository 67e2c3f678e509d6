# SPDX-License-Identifier: Apache-2.0
"""Answers of a CA that are wrong: exit code, what is told, and what the card has lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import Variant
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cli import ExitCode
from selfrenew.cmp.building import fail_bits
from selfrenew.cmp.crmf import CertReqMessages
from selfrenew.cmp.message import (
    ReceivedMessage,
    certificate_der,
    decode_list,
    decode_message,
    encode,
    tlv,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew.cmp.template import public_key_of
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.ca import PROFILES, person_name
from selfrenew_emulator.stage import DEFAULT_NOW

AUTHENTICATION, SIGNING = KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE


# The CA's answers. What is wrong before the first write costs nothing; what is wrong after it
# leaves one slot to redo, the other as it was.


def html(_request: ReceivedMessage, _answer: bytes) -> tuple[str, bytes]:
    return "text/html", b"<h1>Welcome</h1>"


def junk(_request: ReceivedMessage, _answer: bytes) -> bytes:
    return b"\x30\x03junk"


def of_another_transaction(between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        message = decode_message(answer)
        message.header.transaction_id = bytes(16)
        return bytes(between.signed(message))

    return change


def to_another_message(between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        message = decode_message(answer)
        message.header.recip_nonce = bytes(16)
        return bytes(between.signed(message))

    return change


def changed_on_its_way(_between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        nonce = decode_message(answer).header.sender_nonce
        assert nonce is not None
        return answer.replace(nonce, bytes(16))

    return change


WRONG_ANSWERS = {
    "no CMP": (lambda _: html, "not CMP"),
    "junk": (lambda _: junk, "not a CMP message"),
    "another transaction": (of_another_transaction, "belongs to another transaction"),
    "another message": (to_another_message, "not to the message that was sent last"),
    "changed": (changed_on_its_way, "was not used"),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_an_answer_that_is_wrong_from_the_start_costs_the_card_nothing(
    run: Any, card: Any, between: Any, wrong: str
) -> None:
    change, words = WRONG_ANSWERS[wrong]
    between.change[BodyType.GENM] = change(between)
    before = card.raw
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.NOT_TRUSTED
    assert words in ended.failure
    assert card.raw == before
    assert between.asked == ["genm"]


def torn(run: Any, card: Any, between: Any, code: ExitCode, *words: str) -> None:
    """Run a renewal that breaks off at the signing slot, and finish it."""
    before = card.state
    asked = card.certificates
    ended = run("renew", "--json", SELFRENEW_CA_URL=between.url)
    assert (ended.code, ended.err) == (code, "")
    told = ended.json
    assert told["error"] == code.name
    assert told["exit_code"] == code
    assert told["unfinished"] == ["signing", "authentication"]
    for word in (*words, "signing certificate was being replaced", "run the renewal again"):
        assert word in told["message"]
    after = card.state
    tag = DataObject.certificate_of(SIGNING).tag
    assert after.keys[AUTHENTICATION] == before.keys[AUTHENTICATION]
    assert after.objects == before.objects, "no certificate was written"
    assert after.references == before.references
    assert tag in after.objects
    between.change.clear()
    finished = run("renew", "--json", SELFRENEW_CA_URL=between.url)
    assert finished.code == ExitCode.DONE
    assert finished.json["resumed"] is True
    assert not set(asked) & set(card.certificates)


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_a_wrong_answer_to_the_request_leaves_one_slot_to_redo(
    run: Any, card: Any, between: Any, wrong: str
) -> None:
    change, words = WRONG_ANSWERS[wrong]
    between.change[BodyType.CR] = change(between)
    torn(run, card, between, ExitCode.NOT_TRUSTED, words)


def issued(
    between: Any,
    *,
    subject: x509.Name | None = None,
    public_key: ec.EllipticCurvePublicKey | None = None,
) -> Callable[[ReceivedMessage, bytes], bytes]:
    """Have the CA itself grant another certificate than the one that was asked for."""

    def change(request: ReceivedMessage, answer: bytes) -> bytes:
        (asked,) = decode_list(CertReqMessages, request.content)
        holder = request.certificates[0].subject
        certificate = between.stage.ca.authority.issue(
            PROFILES["signing"],
            subject or holder,
            public_key or public_key_of(asked.cert_req.cert_template),
            DEFAULT_NOW,
            DEFAULT_NOW.replace(year=2028),
        )
        der = tlv(certificate_der(certificate))
        pair = CertifiedKeyPair(cert_or_enc_cert=Variant(der, "certificate"))
        info = PkiStatusInfo(status=PkiStatus.ACCEPTED)
        response = CertResponse(cert_req_id=0, status=info, certified_key_pair=pair)
        content = encode(CertRepMessage(response=[response]))
        return bytes(between.signed(decode_message(answer), content))

    return change


def test_a_certificate_for_another_key_is_rejected_and_not_written(
    run: Any, card: Any, between: Any
) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    between.change[BodyType.CR] = issued(between, public_key=other)
    torn(run, card, between, ExitCode.NOT_TRUSTED, "for another key", "rejected and not written")
    assert "certConf" in between.asked


def test_a_certificate_for_another_person_is_rejected_and_not_written(
    run: Any, card: Any, between: Any
) -> None:
    between.change[BodyType.CR] = issued(between, subject=person_name("000000000001"))
    torn(run, card, between, ExitCode.NOT_TRUSTED, "000000000001", "rejected and not written")
    assert "certConf" in between.asked


def test_a_refusal_of_the_ca_is_passed_on_with_its_reason(
    run: Any, card: Any, between: Any
) -> None:
    def refuse(_: ReceivedMessage, answer: bytes) -> bytes:
        info = PkiStatusInfo(
            status=PkiStatus.REJECTION,
            status_string=["not on a\nSunday"],
            fail_info=fail_bits(FailureInfo.notAuthorized),
        )
        message = replace(decode_message(answer), body_type=BodyType.ERROR)
        return bytes(between.signed(message, encode(ErrorMsgContent(pki_status_info=info))))

    between.change[BodyType.CR] = refuse
    torn(run, card, between, ExitCode.REFUSED, "notAuthorized", "not on a Sunday")


def test_a_ca_that_says_it_is_unavailable_is_to_be_tried_later(
    run: Any, card: Any, between: Any
) -> None:
    def fail(_: ReceivedMessage, answer: bytes) -> bytes:
        info = PkiStatusInfo(
            status=PkiStatus.REJECTION, fail_info=fail_bits(FailureInfo.systemUnavail)
        )
        message = replace(decode_message(answer), body_type=BodyType.ERROR)
        return bytes(between.signed(message, encode(ErrorMsgContent(pki_status_info=info))))

    between.change[BodyType.GENM] = fail
    before = card.raw
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.UNREACHABLE
    assert "systemUnavail" in ended.failure
    assert card.raw == before


@pytest.mark.parametrize("at", [BodyType.CR, BodyType.CERTCONF])
def test_a_card_taken_out_half_way_is_renewed_when_it_is_back(
    run: Any, card: Any, between: Any, at: BodyType
) -> None:
    away = card.path.with_suffix(".away")

    def take_out(_: ReceivedMessage, answer: bytes) -> bytes:
        card.path.rename(away)
        return answer

    between.change[at] = take_out
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.INTERRUPTED
    assert "was removed" in ended.failure
    assert "run the renewal again" in ended.failure
    away.rename(card.path)
    between.change.clear()
    finished = run("renew", SELFRENEW_CA_URL=between.url)
    assert finished.code == ExitCode.DONE
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)
