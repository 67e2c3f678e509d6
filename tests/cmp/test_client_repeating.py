# SPDX-License-Identifier: Apache-2.0
"""What is sent again, in which transaction, and what ends one: nothing is asked twice by chance."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from selfrenew.cmp import (
    CaAnswerLostError,
    CaBusyError,
    CaDownError,
    CaGatewayError,
    CaRejectedError,
    CaUnreachableError,
    CaWaitingError,
    CmpError,
    CmpFormatError,
    NotCmpError,
    UntrustedAnswerError,
    WrongTransactionError,
)
from selfrenew.cmp.building import NULL_CONTENT
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.message import ReceivedMessage, decode, fail_names
from selfrenew.cmp.structures import BodyType, ErrorMsgContent, FailureInfo

Ask = Callable[..., PendingCertificate]
LOST = b""
"""The connection ends without an answer."""


@pytest.fixture
def losing(ca: Any, loopback: Any) -> Callable[..., None]:
    """Lose the answers to so many messages of a kind, after the CA has acted on them."""

    def lose(kind: BodyType, times: int = 1) -> None:
        left, respond = [times], loopback.respond

        def answer(request: Any) -> bytes:
            whole: bytes = respond(request)
            if ca.received and ca.received[-1].body_type is kind and left[0]:
                left[0] -= 1
                return LOST
            return whole

        loopback.respond = answer

    return lose


def transactions(ca: Any, kind: BodyType) -> list[bytes]:
    return [each.header.transaction_id for each in ca.received if each.body_type is kind]


def test_a_request_whose_answer_was_lost_is_made_again_for_the_same_key_in_a_new_transaction(
    ask: Ask, ca: Any, losing: Callable[..., None]
) -> None:
    losing(BodyType.CR)
    ask().confirm()
    assert ca.kinds == ["cr", "cr", "certConf"]
    first, second = transactions(ca, BodyType.CR)
    assert first != second
    assert ca.received[0].content == ca.received[1].content
    assert transactions(ca, BodyType.CERTCONF) == [second]


def test_a_request_whose_answer_is_lost_again_is_given_up(
    ask: Ask, ca: Any, losing: Callable[..., None]
) -> None:
    losing(BodyType.CR, times=2)
    with pytest.raises(CaAnswerLostError, match="Sending cr to the CA at"):
        ask()
    assert ca.kinds == ["cr", "cr"]


@pytest.mark.parametrize("kind", [BodyType.CR, BodyType.CERTCONF])
@pytest.mark.parametrize("status", [502, 504])
def test_an_answer_that_a_gateway_was_not_given_is_lost_too(
    ask: Ask, ca: Any, kind: BodyType, status: int
) -> None:
    def answer(request: ReceivedMessage) -> Any:
        if ca.kinds.count(kind.standard_name) == 1:
            return status, "text/html", b"<h1>"
        return ca.usual(request)

    ca.on[kind] = answer
    ask().confirm()
    again = kind.standard_name
    assert ca.kinds == (["cr", again, "certConf"] if kind is BodyType.CR else ["cr", again, again])


def test_a_request_that_a_gateway_gets_no_answer_to_again_is_given_up(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda _: (504, "text/html", b"<h1>")
    with pytest.raises(CaGatewayError, match="Sending cr to the CA failed: HTTP 504"):
        ask()
    assert ca.kinds == ["cr", "cr"]


def test_a_request_that_was_not_sent_is_not_made_again(
    ask: Ask, http: httpx.Client, loopback: Any
) -> None:
    def refuse(request: httpx.Request) -> None:
        sent.append(request.method)
        raise httpx.ConnectError("refused", request=request)

    sent: list[str] = []
    http.event_hooks = {"request": [refuse]}
    with pytest.raises(CaUnreachableError, match="refused") as caught:
        ask()
    assert not isinstance(caught.value, CaAnswerLostError)
    assert sent == ["POST"]


@pytest.mark.parametrize("rejecting", [False, True])
def test_a_confirmation_whose_answer_was_lost_is_sent_again_in_the_same_transaction(
    ask: Ask, ca: Any, losing: Callable[..., None], rejecting: bool
) -> None:
    pending = ask()
    losing(BodyType.CERTCONF)

    def answer(request: ReceivedMessage) -> bytes:
        if ca.kinds.count("certConf") == 1:
            return bytes(ca.reply(request, BodyType.PKICONF, NULL_CONTENT))
        taken = FailureInfo.certRevoked if rejecting else FailureInfo.certConfirmed
        return bytes(ca.error(request, taken))

    ca.on[BodyType.CERTCONF] = answer
    if rejecting:
        pending.reject("not mine")
    else:
        pending.confirm()
    assert ca.kinds == ["cr", "certConf", "certConf"]
    assert len({each.header.transaction_id for each in ca.received}) == 1
    assert len({each.header.recip_nonce for each in ca.received[1:]}) == 1


@pytest.mark.parametrize(
    ("reason", "rejecting"),
    [
        (FailureInfo.certRevoked, False),
        (FailureInfo.certConfirmed, True),
        (FailureInfo.badRequest, False),
    ],
)
def test_a_repeated_confirmation_that_is_refused_for_another_reason_has_failed(
    ask: Ask, ca: Any, losing: Callable[..., None], reason: FailureInfo, rejecting: bool
) -> None:
    pending = ask()
    losing(BodyType.CERTCONF)
    ca.on[BodyType.CERTCONF] = lambda request: ca.error(request, reason)
    with pytest.raises(CaRejectedError, match=reason.name):
        pending.reject("not mine") if rejecting else pending.confirm()
    assert ca.kinds == ["cr", "certConf", "certConf"]


def test_a_first_confirmation_is_not_taken_for_confirmed_before(ask: Ask, ca: Any) -> None:
    pending = ask()
    ca.on[BodyType.CERTCONF] = lambda request: ca.error(request, FailureInfo.certConfirmed)
    with pytest.raises(CaRejectedError, match="certConfirmed"):
        pending.confirm()


def test_an_answer_to_a_confirmation_that_cannot_be_used_is_asked_for_again(
    ask: Ask, ca: Any
) -> None:
    def answer(request: ReceivedMessage) -> bytes:
        protected = ca.kinds.count("certConf") > 1
        return bytes(ca.reply(request, BodyType.PKICONF, NULL_CONTENT, protected=protected))

    ca.on[BodyType.CERTCONF] = answer
    ask().confirm()
    assert ca.kinds == ["cr", "certConf", "certConf"]


# Coming back when the CA says.


@pytest.fixture
def busy(answered: Callable[..., bytes], loopback: Any) -> Callable[..., None]:
    """Answer the next requests by 503, whatever they are, with these Retry-After."""

    def be_busy(*after: str | None) -> None:
        left, respond = list(after), loopback.respond

        def answer(request: Any) -> bytes:
            if not left:
                return bytes(respond(request))
            seconds = left.pop(0)
            whole = answered(b"", 503, "text/plain")
            if seconds is None:
                return whole
            return whole.replace(b"\r\n", f"\r\nRetry-After: {seconds}\r\n".encode(), 1)

        loopback.respond = answer

    return be_busy


def test_the_same_message_is_sent_again_after_the_time_that_was_asked_for(
    ask: Ask, ca: Any, loopback: Any, busy: Callable[..., None], slept: Any
) -> None:
    busy("7", "0")
    ask().confirm()
    assert slept.seconds == [7, 1]
    first, second, third = (each.body for each in loopback.seen[:3])
    assert first == second == third
    assert ca.kinds == ["cr", "certConf"]


@pytest.mark.parametrize(
    "waits",
    [((None,), []), (("181",), []), (("100", "81"), [100]), (("Fri, 31 Dec 1999",), [])],
)
def test_a_wait_that_is_too_long_or_without_an_end_is_not_begun(
    ask: Ask,
    ca: Any,
    busy: Callable[..., None],
    slept: Any,
    waits: tuple[tuple[str | None, ...], list[int]],
) -> None:
    after, waited = waits
    busy(*after)
    with pytest.raises(CaBusyError):
        ask()
    assert slept.seconds == waited
    assert ca.kinds == []


def test_waiting_and_being_busy_take_from_the_same_patience(
    ask: Ask, ca: Any, busy: Callable[..., None], slept: Any
) -> None:
    busy("100")
    ca.on[BodyType.CR] = ca.wait
    ca.on[BodyType.POLLREQ] = lambda request: ca.poll_later(request, 81)
    with pytest.raises(CaWaitingError):
        ask()
    assert slept.seconds == [100]


def test_before_a_key_is_given_up_nobody_is_kept_waiting(
    client: CmpClient, busy: Callable[..., None], slept: Any
) -> None:
    busy("7")
    with pytest.raises(CaBusyError, match="Try again in 7 seconds") as caught:
        client.probe()
    assert caught.value.retry_after_seconds == 7
    assert slept.seconds == []


# Ending a transaction.


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (lambda ca, m: ca.grant(m, protected=False), UntrustedAnswerError, "badMessageCheck"),
        (lambda ca, m: ca.grant(m)[:-1], NotCmpError, "badDataFormat"),
        (
            lambda ca, m: ca.reply(m, BodyType.PKICONF, NULL_CONTENT),
            CmpFormatError,
            "badDataFormat",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_and_ends_the_transaction(
    ask: Ask, ca: Any, answer: Any, error: type[CmpError], reason: str
) -> None:
    ca.on[BodyType.CR] = lambda request: answer(ca, request)
    with pytest.raises(error):
        ask()
    request, report = ca.received
    assert report.body_type is BodyType.ERROR
    assert report.header.transaction_id == request.header.transaction_id
    assert report.protection is not None
    # Who is told of an answer looks for its nonce, and of bytes that are none nothing is known.
    assert report.header.recip_nonce == (None if error is NotCmpError else ca.nonces[0])
    assert fail_names(decode(ErrorMsgContent, report.content).pki_status_info) == {reason}


def test_an_answer_to_another_message_ends_the_transaction_too(ask: Ask, ca: Any) -> None:
    ca.header = lambda header: setattr(header, "recip_nonce", bytes(16))
    with pytest.raises(WrongTransactionError):
        ask()
    report = decode(ErrorMsgContent, ca.received[-1].content)
    assert fail_names(report.pki_status_info) == {"badRecipientNonce"}


def test_a_report_that_does_not_arrive_leaves_the_first_error_to_be_told(
    ask: Ask, ca: Any, losing: Callable[..., None]
) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, protected=False)
    losing(BodyType.ERROR)
    with pytest.raises(UntrustedAnswerError):
        ask()
    assert ca.kinds == ["cr", "error"]


def test_a_refusal_has_ended_the_transaction_already(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(request, FailureInfo.notAuthorized)
    with pytest.raises(CaRejectedError) as caught:
        ask()
    assert not isinstance(caught.value, CaDownError)
    assert ca.kinds == ["cr"]


@pytest.mark.parametrize("reason", [FailureInfo.systemUnavail, FailureInfo.systemFailure])
def test_a_ca_that_is_down_is_told_from_one_that_refuses(
    ask: Ask, ca: Any, reason: FailureInfo
) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(request, reason)
    with pytest.raises(CaDownError, match=reason.name):
        ask()
