# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import pytest

from selfrenew.cmp import (
    CaRejectedError,
    CaWaitingError,
    CmpFormatError,
)
from selfrenew.cmp.building import (
    NULL_CONTENT,
    fail_bits,
)
from selfrenew.cmp.client import PendingCertificate
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode_list,
    encode,
    encode_list,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertRepMessage,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
    PollReqContent,
)
from selfrenew.secret import Secret

CMP = "application/pkixcmp"
SECRET = Secret("a shared secret")
Ask = Callable[..., PendingCertificate]


def in_turn(
    answers: list[Callable[[ReceivedMessage], bytes]],
) -> Callable[[ReceivedMessage], bytes]:
    left = iter(answers)

    def answer(request: ReceivedMessage) -> bytes:
        return next(left)(request)

    return answer


# Refusals.


@pytest.mark.parametrize("reason", list(FailureInfo), ids=lambda reason: reason.name)
def test_a_refusal_names_its_reason(ask: Ask, ca: Any, reason: FailureInfo) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(request, reason, text="because", details=["so"])
    with pytest.raises(CaRejectedError) as caught:
        ask()
    assert caught.value.fail_info == {reason.name}
    assert f'was refused by the CA: {reason.name} ("because so")' in str(caught.value)
    assert ca.kinds == ["cr"]


def test_a_refusal_in_the_response_names_its_reasons_too(ask: Ask, ca: Any) -> None:
    info = PkiStatusInfo(
        status=2,
        status_string=["no"],
        fail_info=fail_bits(FailureInfo.badPOP, FailureInfo.badCertTemplate),
    )
    ca.on[BodyType.CR] = lambda request: ca.refuse(request, info)
    with pytest.raises(CaRejectedError, match=r'badCertTemplate, badPOP \("no"\)'):
        ask()


@pytest.mark.parametrize(
    ("status", "words"),
    [(2, "status 2"), (7, "status 7"), (-1, "unknown"), (1 << 20000, "unknown")],
    ids=["2", "7", "-1", "huge"],
)
def test_a_refusal_without_a_reason_names_its_status(
    ask: Ask, ca: Any, status: int, words: str
) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(request, status=status)
    with pytest.raises(CaRejectedError, match=f"refused by the CA: .*{words}"):
        ask()


def test_a_text_of_the_ca_cannot_take_over_the_terminal(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(
        request, FailureInfo.badPOP, text="\x1b[2J\r\n" + "x" * 100_000
    )
    with pytest.raises(CaRejectedError) as caught:
        ask()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_an_answer_of_another_type_is_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.reply(request, BodyType.PKICONF, NULL_CONTENT)
    with pytest.raises(CmpFormatError, match="Sending cr to the CA was answered with pkiconf"):
        ask()


def test_an_answer_to_another_request_or_to_several_is_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, cert_req_id=1)
    with pytest.raises(CmpFormatError, match="does not answer the one request"):
        ask()
    ca.on[BodyType.CR] = lambda request: ca.reply(
        request, BodyType.CP, encode(CertRepMessage(response=[]))
    )
    with pytest.raises(CmpFormatError, match="does not answer the one request"):
        ask()


def test_a_grant_without_a_certificate_is_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.refuse(request, PkiStatusInfo(status=0))
    with pytest.raises(CmpFormatError, match="sent no certificate"):
        ask()


# Waiting.


def test_a_ca_that_needs_time_is_asked_again_when_it_says(ask: Ask, ca: Any, slept: Any) -> None:
    answers = [
        lambda request: ca.poll_later(request, 7),
        lambda request: ca.poll_later(request, 90),
        ca.grant,
    ]
    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = in_turn(answers)
    ask().confirm()
    assert ca.kinds == ["cr", "pollReq", "pollReq", "pollReq", "certConf"]
    assert slept.seconds == [7, 90]
    polls = [decode_list(PollReqContent, message.content) for message in ca.received[1:4]]
    assert [[entry.cert_req_id for entry in poll] for poll in polls] == [[0]] * 3
    assert [message.header.recip_nonce for message in ca.received[1:]] == ca.nonces[:4]


@pytest.mark.parametrize("late", [BodyType.CR, BodyType.CERTCONF])
def test_any_answer_may_be_delayed_by_an_error_message(
    ask: Ask, ca: Any, slept: Any, late: BodyType
) -> None:
    final = {
        BodyType.CR: ca.grant,
        BodyType.CERTCONF: lambda request: ca.reply(request, BodyType.PKICONF, NULL_CONTENT),
    }[late]
    answers = [lambda request: ca.poll_later(request, 3, -1), final]
    ca.on[late] = lambda request: ca.error(request, status=PkiStatus.WAITING)
    ca.on[BodyType.POLLREQ] = in_turn(answers)
    ask().confirm()
    polls = [m for m in ca.received if m.body_type is BodyType.POLLREQ]
    entries = [decode_list(PollReqContent, message.content)[0].cert_req_id for message in polls]
    assert entries == [-1, -1]
    assert slept.seconds == [3]


@pytest.mark.parametrize(("delay", "other"), [("response", 7), ("response", -1), ("error", 0)])
def test_a_time_to_wait_for_another_request_is_not_kept(
    ask: Ask, ca: Any, slept: Any, delay: str, other: int
) -> None:
    delays = {
        "response": ca.wait,
        "error": lambda request: ca.error(request, status=PkiStatus.WAITING),
    }
    ca.on[BodyType.CR] = delays[delay]
    ca.on[BodyType.POLLREQ] = lambda request: ca.poll_later(request, 5, other)
    with pytest.raises(CmpFormatError, match="pollRep does not answer the one request"):
        ask()
    assert slept.seconds == []
    assert ca.kinds == ["cr", "pollReq", "error"]


def test_a_delayed_answer_may_be_to_the_message_that_was_delayed(ask: Ask, ca: Any) -> None:
    def late(request: ReceivedMessage) -> bytes:
        ca.header = lambda header: setattr(
            header, "recip_nonce", ca.received[0].header.sender_nonce
        )
        answer = ca.grant(request)
        ca.header = lambda _: None
        return answer

    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = late
    ask().confirm()


@pytest.mark.parametrize("seconds", [181, 1 << 20000], ids=["181", "huge"])
def test_a_ca_that_needs_more_time_than_there_is_ends_the_wait_at_once(
    ask: Ask, ca: Any, slept: Any, seconds: int
) -> None:
    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = lambda request: ca.poll_later(request, seconds)
    with pytest.raises(CaWaitingError, match="than the 180 seconds"):
        ask()
    assert slept.seconds == []
    assert ca.kinds == ["cr", "pollReq", "error"]


def test_a_ca_that_never_decides_is_not_asked_for_ever(ask: Ask, ca: Any, slept: Any) -> None:
    empty = encode_list(PollRepContent(items=[]))
    replies = [
        lambda request: ca.poll_later(request, -5),
        lambda request: ca.poll_later(request, 0),
        lambda request: ca.reply(request, BodyType.POLLREP, empty),
        ca.wait,
        lambda request: ca.error(request, status=PkiStatus.WAITING),
    ]
    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = in_turn(replies * 40)
    with pytest.raises(CaWaitingError):
        ask()
    assert slept.seconds == [1] * 180


def test_a_ca_may_refuse_in_the_end(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = lambda request: ca.error(request, FailureInfo.notAuthorized)
    with pytest.raises(CaRejectedError, match="notAuthorized"):
        ask()


def test_nothing_of_a_conversation_is_logged_but_its_course(
    ask: Ask, ca: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "selfrenew")
    ask().confirm()
    transaction = ca.received[0].header.transaction_id.hex()
    assert [record.message for record in caplog.records if record.name == "selfrenew.cmp"] == [
        f"-> cr (transaction {transaction})",
        f"<- cp (transaction {transaction}), HTTP 200",
        f"-> certConf (transaction {transaction})",
        f"<- pkiconf (transaction {transaction}), HTTP 200",
    ]
