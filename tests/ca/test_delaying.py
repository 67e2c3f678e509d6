# SPDX-License-Identifier: Apache-2.0
"""Answers that are given later (RFC 9810, 5.3.22)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from selfrenew.cmp.building import (
    NULL_CONTENT,
    WHOLE_MESSAGE,
    MacProtection,
    error_report,
    poll_request,
)
from selfrenew.cmp.message import decode, decode_list, encode, encode_list
from selfrenew.cmp.structures import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    GenMsgContent,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
)
from selfrenew_emulator.ca import CertificateAuthority, Delay
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

from .conftest import Desk, Talk, new_key

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
DELAY = Delay(timedelta(seconds=12), check_after_seconds=5)


@pytest.fixture(autouse=True)
def held(desk: Desk) -> Iterator[None]:
    yield
    desk.ca.delay(None)


def ask_and_wait(desk: Desk) -> Talk:
    holder = desk.new_holder()
    desk.ca.delay(DELAY)
    talk = desk.talk(holder.by("authentication"), "signing")
    answer = talk.ask(holder.name, new_key())
    assert answer.body_type is BodyType.CP
    (response,) = decode(CertRepMessage, answer.content).response
    assert (response.status.status, response.certified_key_pair) == (PkiStatus.WAITING, None)
    return talk


def poll(talk: Talk, cert_req_id: int = 0, nonce: bytes | None = None) -> int | None:
    """Ask again; give the seconds to wait, None where something else came."""
    answer = talk.say(BodyType.POLLREQ, poll_request(cert_req_id), nonce or talk.nonce)
    if answer.body_type is not BodyType.POLLREP:
        return None
    (reply,) = decode_list(PollRepContent, answer.content)
    assert reply.cert_req_id in {0, -1}
    return reply.check_after


def test_a_certificate_comes_when_it_is_due(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    assert poll(talk) == 5
    desk.clock.advance(timedelta(seconds=9))
    assert poll(talk) == 3
    desk.clock.advance(timedelta(seconds=3))
    assert poll(talk, WHOLE_MESSAGE) is None
    certificate = talk.certificate
    assert talk.answer is not None
    assert talk.answer.header.recip_nonce == talk.conversation.sender_nonce
    assert desk.state_of(certificate) is CertificateState.PENDING
    assert talk.confirm().body_type is BodyType.PKICONF
    assert desk.state_of(certificate) is CertificateState.VALID


def test_nothing_is_issued_before(desk: Desk) -> None:
    holder = desk.new_holder()
    desk.ca.delay(DELAY)
    before = len(desk.ca.certificates_of(holder.name))
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    assert poll(talk) == 5
    assert len(desk.ca.certificates_of(holder.name)) == before


def test_what_was_held_once_is_delivered_once(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    desk.clock.advance(DELAY.duration)
    assert poll(talk) is None
    talk.confirm()
    assert poll(talk) is None
    assert talk.reasons == {"badRequest"}


def test_it_is_decided_when_it_is_delivered(desk: Desk) -> None:
    holder = desk.new_holder()
    desk.ca.delay(DELAY)
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key())
    desk.ca.revoke(holder.certificates["authentication"])
    desk.clock.advance(DELAY.duration)
    assert poll(talk) is None
    assert talk.reasons == {"certRevoked"}


def test_a_poll_repeats_the_last_nonce_and_names_its_request(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    nonce = talk.nonce
    assert poll(talk, nonce=bytes(16)) is None
    assert talk.reasons == {"badRecipientNonce"}
    assert poll(talk, 7, nonce) is None
    assert talk.reasons == {"badRequest"}
    assert poll(talk, 0, nonce) == 5


def test_nobody_polls_for_another_or_for_nothing(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    desk.ca.delay(None)
    nonce = talk.nonce
    talk.conversation.protection = desk.new_holder().by("signing")
    assert poll(talk, 0, nonce) is None
    assert talk.reasons == {"notAuthorized"}
    stranger = desk.talk(desk.new_holder().by("signing"))
    assert poll(stranger, 0, bytes(16)) is None
    assert stranger.reasons == {"badRequest"}


def test_a_malformed_request_is_told_at_once(desk: Desk) -> None:
    holder = desk.new_holder()
    desk.ca.delay(DELAY)
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.say(BodyType.CR, NULL_CONTENT)
    assert talk.reasons == {"badDataFormat"}


def test_who_gives_up_is_heard(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    nonce = talk.nonce
    failed = ErrorMsgContent(pki_status_info=PkiStatusInfo(status=PkiStatus.REJECTION))
    answer = talk.say(BodyType.ERROR, encode(failed), nonce)
    assert answer.body_type is BodyType.PKICONF
    desk.clock.advance(DELAY.duration)
    assert poll(talk, 0, nonce) is None
    assert talk.reasons == {"badRequest"}


def test_who_gives_up_answers_what_came_last_by_an_error(desk: Desk) -> None:
    talk = ask_and_wait(desk)
    nonce = talk.nonce
    for content, given, reasons in (
        (error_report("enough"), None, {"badRecipientNonce"}),
        (error_report("enough"), bytes(16), {"badRecipientNonce"}),
        (NULL_CONTENT, nonce, {"badDataFormat"}),
    ):
        talk.say(BodyType.ERROR, content, given)
        assert talk.reasons == reasons
    assert poll(talk, 0, nonce) == 5


def test_any_other_request_waits_by_an_error(desk: Desk) -> None:
    holder = desk.new_holder()
    desk.ca.delay(Delay(DELAY.duration, kinds=frozenset({BodyType.GENM})))
    talk = desk.talk(holder.by("authentication"))
    answer = talk.say(BodyType.GENM, encode_list(GenMsgContent(items=[])))
    assert answer.body_type is BodyType.ERROR
    status = decode(ErrorMsgContent, answer.content).pki_status_info
    assert (status.status, status.fail_info) == (PkiStatus.WAITING, None)
    assert poll(talk, WHOLE_MESSAGE) == 5
    desk.clock.advance(DELAY.duration)
    assert poll(talk, WHOLE_MESSAGE) is None
    assert talk.answer is not None
    assert talk.answer.body_type is BodyType.GENP


def test_what_is_held_outlives_the_process(desk: Desk, tmp_path: Path) -> None:
    talk: Talk | None = None
    for _ in range(2):
        ca = CertificateAuthority.open(tmp_path, desk.clock)
        endpoint = Endpoint(ca.app, bind(), None)
        with Servers([endpoint]):
            if talk is None:
                ca.delay(DELAY)
                enrolment = ca.enrol()
                mac = MacProtection(enrolment.reference.encode(), enrolment.secret)
                talk = desk.talk(mac)
                talk.url = f"{endpoint.url}/.well-known/cmp"
                talk.ask(MACHINE, new_key(), BodyType.IR)
            else:
                talk.url = f"{endpoint.url}/.well-known/cmp"
                desk.clock.advance(DELAY.duration)
                assert poll(talk) is None
                assert talk.certificate.subject == MACHINE
        ca.close()
