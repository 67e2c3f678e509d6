# SPDX-License-Identifier: Apache-2.0
"""The CMP client: one certificate, from the request to its confirmation (RFC 9483, 4.1; RFC 9811).

Nothing in an answer is believed before its protection holds and it belongs to this transaction. The
caller judges the certificate, on the card, between `request` and `confirm` or `reject`.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
from cryptography import x509

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.clock import Clock
from selfrenew.http import (
    Answer,
    BusyError,
    ExchangeError,
    NotTrustedError,
    UnusableAnswerError,
    exchange,
)

from .answers import (
    ANSWERS,
    CONTENT_TYPE,
    certificate_in,
    read_answer,
    require,
    seconds_to_wait,
    single_response,
    status_of_error,
)
from .building import (
    ANY_INFORMATION,
    CERT_REQ_ID,
    CMP_2000,
    NULL_NAME,
    WHOLE_MESSAGE,
    Conversation,
    Protection,
    certificate_confirmation,
    certificate_request,
    poll_request,
)
from .checking import Trust, check_protection, check_transaction, rejection
from .errors import (
    CaBusyError,
    CaUnreachableError,
    CaWaitingError,
    CmpError,
    NotCmpError,
    TlsNotTrustedError,
    WrongCertificateError,
)
from .message import ReceivedMessage, decode
from .protection import Signer
from .structures import BodyType, ErrorMsgContent, FailureInfo, PkiStatus
from .trace import describe_content

_log = logging.getLogger("selfrenew.cmp")
_content_log = logging.getLogger("selfrenew.cmp.content")
_GRANTED = frozenset({PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS})
_LATER = frozenset({FailureInfo.systemUnavail.name, FailureInfo.systemFailure.name})


@dataclass
class PendingCertificate:
    """An issued certificate that the CA waits to hear about."""

    certificate: x509.Certificate
    others: list[x509.Certificate]
    """Certificates that came along; some of them lead to the root."""
    _client: "CmpClient" = field(repr=False)
    _conversation: Conversation = field(repr=False)
    _answer: ReceivedMessage = field(repr=False)

    def confirm(self) -> None:
        """Tell the CA that the certificate is in its place; return on pkiConf. Raise CmpError."""
        self._close(None)

    def reject(self, why: str) -> None:
        """Tell the CA that the certificate was not taken, so that it withdraws it."""
        self._close(why)

    def _close(self, rejection_text: str | None) -> None:
        self._client.close(self._conversation, self._answer, self.certificate, rejection_text)


class CmpClient:
    """Speaks CMP to one URL. Every method may raise CmpError."""

    def __init__(
        self,
        url: str,
        *,
        http: httpx.Client,
        trust: Trust,
        clock: Clock,
        recipient: x509.Name = NULL_NAME,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
        sleep: Callable[[float], None] = time.sleep,
        polling_budget_seconds: float = 180,
    ) -> None:
        self._url = url
        self._http = http
        self._trust = trust
        self._clock = clock
        self._recipient = recipient
        self._randomness = randomness
        self._sleep = sleep
        self._polling_budget_seconds = polling_budget_seconds

    @property
    def trust(self) -> Trust:
        """Whom this client believes."""
        return self._trust

    def probe(self) -> None:
        """Check that a CA answers here that speaks CMP and is trusted; begin no transaction.

        Asked is an unprotected genm for information in general (RFC 9810, D.5 and E). A refusal to
        give any is as good as an answer: it shows who is there before a key is given up.
        """
        conversation = Conversation(
            None, self._recipient, clock=self._clock, randomness=self._randomness
        )
        answer = self._send(conversation, BodyType.GENM, ANY_INFORMATION, recip_nonce=None)
        if answer.body_type is BodyType.ERROR:
            refusal = decode(ErrorMsgContent, answer.content)
            said = rejection(_attempted(BodyType.GENM), refusal.pki_status_info)
            if said.fail_info & _LATER:
                raise CaBusyError(f"{said}", None)
        else:
            require(_attempted(BodyType.GENM), answer, BodyType.GENP)

    def request(
        self,
        kind: BodyType,
        *,
        subject: x509.Name,
        key: Signer,
        protection: Protection,
        old_certificate: x509.Certificate | None = None,
    ) -> PendingCertificate:
        """Ask for a certificate with ir, cr or kur. `key` is the new key, already made."""
        conversation = Conversation(
            protection, self._recipient, clock=self._clock, randomness=self._randomness
        )
        content = certificate_request(subject, key, old_certificate=old_certificate)
        answer = self.converse(conversation, kind, content, expected=ANSWERS[kind])
        response = single_response(answer)
        if response.status.status == PkiStatus.WAITING:
            answer = self._poll(conversation, answer, CERT_REQ_ID)
            require("The certificate request", answer, ANSWERS[kind])
            response = single_response(answer)
        if response.status.status not in _GRANTED:
            raise rejection("The certificate request", response.status)
        raw = certificate_in(response)
        try:
            certificate = load_certificate(raw)
        except UnreadableCertificateError as error:
            # Hearing nothing, the CA would keep a certificate that nobody has.
            with suppress(CmpError):
                self.close(conversation, answer, raw, str(error))
            raise WrongCertificateError(
                f"The CA granted the request, but {error}. It was rejected and not written."
            ) from error
        return PendingCertificate(certificate, answer.certificates, self, conversation, answer)

    def close(
        self,
        conversation: Conversation,
        answer: ReceivedMessage,
        certificate: x509.Certificate | bytes,
        rejection_text: str | None,
    ) -> None:
        """Send the certConf that `answer` waits for, and return on pkiConf."""
        content, pvno = certificate_confirmation(certificate, rejection_text)
        self.converse(
            conversation,
            BodyType.CERTCONF,
            content,
            expected=BodyType.PKICONF,
            recip_nonce=answer.header.sender_nonce,
            pvno=pvno,
        )

    def converse(
        self,
        conversation: Conversation,
        body_type: BodyType,
        content: bytes,
        *,
        expected: BodyType,
        recip_nonce: bytes | None = None,
        pvno: int = CMP_2000,
    ) -> ReceivedMessage:
        """Send a message of a conversation and return its checked answer.

        Where the CA answers that it will answer later, come back for it (RFC 9810, 5.3.22).
        """
        answer = self._send(conversation, body_type, content, recip_nonce=recip_nonce, pvno=pvno)
        if status_of_error(answer) == PkiStatus.WAITING:
            answer = self._poll(conversation, answer, WHOLE_MESSAGE)
        require(_attempted(body_type), answer, expected)
        return answer

    def _send(
        self,
        conversation: Conversation,
        body_type: BodyType,
        content: bytes,
        *,
        recip_nonce: bytes | None,
        pvno: int = CMP_2000,
        delayed_nonce: bytes | None = None,
    ) -> ReceivedMessage:
        raw = conversation.message(body_type, content, recip_nonce=recip_nonce, pvno=pvno)
        _log.debug("-> %s (transaction %s)", body_type.standard_name, conversation.name)
        _log_content("->", body_type, content)
        attempted = _attempted(body_type)
        headers = {"content-type": CONTENT_TYPE}
        reply = self._exchange(attempted, "POST", content=raw, headers=headers)
        answer = read_answer(attempted, reply)
        _log.debug("<- %s, HTTP %d", answer.describe(), reply.status)
        _log_content("<-", answer.body_type, answer.content)
        check_protection(answer, conversation.protection, self._trust, self._clock())
        nonces = {conversation.sender_nonce, delayed_nonce or conversation.sender_nonce}
        check_transaction(answer, conversation.transaction_id, nonces, self._clock())
        return answer

    def _poll(
        self, conversation: Conversation, answer: ReceivedMessage, cert_req_id: int
    ) -> ReceivedMessage:
        """Come back for a delayed answer (RFC 9810, 5.3.22), within the budget.

        The answer may be to the last pollReq or to the message that was delayed; CAs do both.
        """
        delayed_nonce = conversation.sender_nonce
        left = self._polling_budget_seconds
        while True:
            answer = self._send(
                conversation,
                BodyType.POLLREQ,
                poll_request(cert_req_id),
                recip_nonce=answer.header.sender_nonce,
                delayed_nonce=delayed_nonce,
            )
            seconds = seconds_to_wait(answer)
            if seconds is None:
                return answer
            if seconds > left:
                raise CaWaitingError(
                    "The CA has not decided yet, and asks to come back later than the "
                    f"{self._polling_budget_seconds:.0f} seconds that are waited here. Try again "
                    "later."
                )
            left -= seconds
            self._sleep(seconds)

    def _exchange(
        self,
        attempted: str,
        method: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        try:
            return exchange(
                self._http,
                attempted,
                method,
                self._url,
                content=content,
                headers=headers,
                read_always=CONTENT_TYPE,
            )
        except BusyError as error:
            raise CaBusyError(str(error), error.retry_after_seconds) from error
        except NotTrustedError as error:
            raise TlsNotTrustedError(str(error)) from error
        except UnusableAnswerError as error:
            raise NotCmpError(str(error)) from error
        except ExchangeError as error:
            raise CaUnreachableError(str(error)) from error


def _log_content(direction: str, body_type: BodyType, content: bytes) -> None:
    if _content_log.isEnabledFor(logging.DEBUG):
        _content_log.debug("%s %s", direction, describe_content(body_type, content))


def _attempted(body_type: BodyType) -> str:
    return f"Sending {body_type.standard_name} to the CA"
