# SPDX-License-Identifier: Apache-2.0
"""The CMP client: one certificate, from the request to its confirmation (RFC 9483, 4.1; RFC 9811).

Nothing in an answer is believed before its protection holds and it belongs to this transaction. The
caller judges the certificate, on the card, between `request` and `confirm` or `reject`.

Where an answer fails to come, or cannot be used, the transaction is still brought to its end:
- A request whose answer was lost is made once more, for the same key and in a new transaction;
  a gateway that was given none has lost it too.
- certConf without a usable answer is sent once more in the same one: it may have been taken.
- An answer to a request that cannot be used is answered by an error message, which ends it.
- A CA that asks to come back is asked again, as long as the patience for it lasts.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
from cryptography import x509

from selfrenew import messages
from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.clock import Clock
from selfrenew.http import (
    Answer,
    AnswerLostError,
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
    certificates_with,
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
    error_report,
    poll_request,
)
from .checking import Trust, check_protection, check_transaction, rejection
from .errors import (
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
    TlsNotTrustedError,
    UntrustedAnswerError,
    UnusableAnchorsError,
    WrongCertificateError,
    WrongTransactionError,
)
from .message import ReceivedMessage, decode
from .path import may_be_followed, shows_no_way
from .patience import PATIENCE_SECONDS, Patience
from .protection import Signer
from .structures import BodyType, ErrorMsgContent, FailureInfo, PkiStatus
from .trace import describe_content

_log = logging.getLogger("selfrenew.cmp")
_content_log = logging.getLogger("selfrenew.cmp.content")
_GRANTED = frozenset({PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS})
_LOST: tuple[type[CmpError], ...] = (CaAnswerLostError, CaGatewayError)
_UNUSABLE = {
    UntrustedAnswerError: FailureInfo.badMessageCheck,
    WrongTransactionError: FailureInfo.badRecipientNonce,
    CmpFormatError: FailureInfo.badDataFormat,
    NotCmpError: FailureInfo.badDataFormat,
}
"""Answers that nothing can be done with, and what the CA is told of them."""
_CONFIRMED_AGAIN: tuple[type[CmpError], ...] = (*_LOST, *_UNUSABLE)


@dataclass
class PendingCertificate:
    """An issued certificate that the CA waits to hear about."""

    certificate: x509.Certificate
    others: list[x509.Certificate]
    """Certificates that came along, in extraCerts or caPubs; some of them lead to the root."""
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
    """Speaks CMP to one URL. Every method may raise CmpError.

    `patience_seconds` is how long one transaction may wait for a CA that asks to come back.
    """

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
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._url = url
        self._http = http
        self._trust = trust
        self._clock = clock
        self._recipient = recipient
        self._randomness = randomness
        self._sleep = sleep
        self._patience_seconds = patience_seconds

    @property
    def trust(self) -> Trust:
        """Whom this client believes."""
        return self._trust

    def probe(self, certificate: x509.Certificate | None = None) -> None:
        """Check that a CA answers here that speaks CMP and is trusted; begin no transaction.

        Asked is an unprotected genm for information in general (RFC 9810, D.5 and E). A refusal to
        give any is as good as an answer: it shows who is there before a key is given up. Nothing is
        waited for yet, since nothing is lost yet. Anchors that nothing could be checked against are
        told now for the same reason, and so are the issuers of the `certificate` to be renewed,
        where they come along.
        """
        if self._trust.anchors and not any(map(may_be_followed, self._trust.anchors)):
            raise UnusableAnchorsError(messages.ANCHORS_UNUSABLE)
        conversation = Conversation(
            None, self._recipient, clock=self._clock, randomness=self._randomness
        )
        answer = self._send(conversation, BodyType.GENM, ANY_INFORMATION, recip_nonce=None)
        if answer.body_type is BodyType.ERROR:
            refusal = decode(ErrorMsgContent, answer.content)
            said = rejection(_attempted(BodyType.GENM), refusal.pki_status_info)
            if isinstance(said, CaDownError):
                raise CaBusyError(f"{said}", None)
        else:
            require(_attempted(BodyType.GENM), answer, BodyType.GENP)
        others, anchors = answer.certificates, self._trust.anchors
        if certificate is not None and shows_no_way(certificate, others, anchors, self._clock()):
            issuer = certificate.issuer.rfc4514_string()
            raise UnusableAnchorsError(messages.ISSUER_UNUSABLE.format(issuer=issuer))

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
        content = certificate_request(subject, key, old_certificate=old_certificate)
        patience = Patience(self._patience_seconds, self._sleep)
        try:
            return self._request(kind, content, protection, patience)
        except _LOST as error:
            # A transactionID counts once (RFC 9810, 5.1.1), and for the same key a CA that has
            # issued the certificate already gives that one.
            _log.info("asking again, in a new transaction: %s", error)
            return self._request(kind, content, protection, patience)

    def _request(
        self, kind: BodyType, content: bytes, protection: Protection, patience: Patience
    ) -> PendingCertificate:
        conversation = Conversation(
            protection, self._recipient, clock=self._clock, randomness=self._randomness
        )
        with self._ending(conversation):
            answer = self._converse(
                conversation, kind, content, expected=ANSWERS[kind], patience=patience
            )
            response = single_response(answer)
            if response.status.status == PkiStatus.WAITING:
                answer = self._poll(conversation, answer, CERT_REQ_ID, patience)
                require(messages.CERTIFICATE_REQUEST, answer, ANSWERS[kind])
                response = single_response(answer)
            if response.status.status not in _GRANTED:
                raise rejection(messages.CERTIFICATE_REQUEST, response.status)
            raw = certificate_in(response)
            others = certificates_with(answer, conversation.known)
        try:
            certificate = load_certificate(raw)
        except UnreadableCertificateError as error:
            # Hearing nothing, the CA would keep a certificate that nobody has.
            with suppress(CmpError):
                self.close(conversation, answer, raw, str(error))
            raise WrongCertificateError(
                messages.CERTIFICATE_UNREADABLE.format(error=error)
            ) from error
        return PendingCertificate(certificate, others, self, conversation, answer)

    @contextmanager
    def _ending(self, conversation: Conversation) -> Iterator[None]:
        """Tell the CA of an answer that could not be used, or not be waited for."""
        try:
            yield
        except (CaWaitingError, *_UNUSABLE) as error:
            reasons = [what for kind, what in _UNUSABLE.items() if issubclass(type(error), kind)]
            try:
                report = error_report(str(error), *reasons)
                # What could not be believed may still have come from the CA, which knows its nonce.
                nonce = conversation.answer_nonce
                self._send(conversation, BodyType.ERROR, report, recip_nonce=nonce)
            except Exception as further:  # noqa: BLE001  the first error is the one to tell
                _log.info("the CA was not told that the transaction is over: %s", further)
            raise

    def close(
        self,
        conversation: Conversation,
        answer: ReceivedMessage,
        certificate: x509.Certificate | bytes,
        rejection_text: str | None,
    ) -> None:
        """Send the certConf that `answer` waits for, and return on pkiConf."""
        content, pvno = certificate_confirmation(certificate, rejection_text)

        def send() -> None:
            self._converse(
                conversation,
                BodyType.CERTCONF,
                content,
                expected=BodyType.PKICONF,
                recip_nonce=answer.header.sender_nonce,
                pvno=pvno,
                patience=Patience(self._patience_seconds, self._sleep),
            )

        try:
            send()
        except _CONFIRMED_AGAIN as error:
            _log.info("confirming again, in the same transaction: %s", error)
            done = FailureInfo.certConfirmed if rejection_text is None else FailureInfo.certRevoked
            try:
                send()
            except CaRejectedError as refusal:
                # The first one had been taken, and only its answer was not seen.
                if done.name not in refusal.fail_info:
                    raise

    def _converse(
        self,
        conversation: Conversation,
        body_type: BodyType,
        content: bytes,
        *,
        expected: BodyType,
        patience: Patience,
        recip_nonce: bytes | None = None,
        pvno: int = CMP_2000,
    ) -> ReceivedMessage:
        """Send a message of a conversation and return its checked answer.

        Where the CA answers that it will answer later, come back for it (RFC 9810, 5.3.22).
        """
        answer = self._send(
            conversation, body_type, content, recip_nonce=recip_nonce, pvno=pvno, patience=patience
        )
        if status_of_error(answer) == PkiStatus.WAITING:
            answer = self._poll(conversation, answer, WHOLE_MESSAGE, patience)
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
        patience: Patience | None = None,
    ) -> ReceivedMessage:
        raw = conversation.message(body_type, content, recip_nonce=recip_nonce, pvno=pvno)
        _log.debug("-> %s (transaction %s)", body_type.standard_name, conversation.name)
        _log_content("->", body_type, content)
        attempted = _attempted(body_type)
        reply = self._exchange(attempted, raw, patience)
        answer = read_answer(attempted, reply)
        conversation.answer_nonce = answer.header.sender_nonce
        _log.debug("<- %s, HTTP %d", answer.describe(), reply.status)
        _log_content("<-", answer.body_type, answer.content)
        check_protection(
            answer, conversation.protection, self._trust, self._clock(), conversation.known
        )
        nonces = {conversation.sender_nonce, delayed_nonce or conversation.sender_nonce}
        check_transaction(answer, conversation.transaction_id, nonces, self._clock())
        known = conversation.known
        known += [certificate for certificate in answer.certificates if certificate not in known]
        return answer

    def _poll(
        self,
        conversation: Conversation,
        answer: ReceivedMessage,
        cert_req_id: int,
        patience: Patience,
    ) -> ReceivedMessage:
        """Come back for a delayed answer (RFC 9810, 5.3.22), within the patience.

        The answer may be to the last pollReq or to the message that was delayed; CAs do both.
        """
        delayed_nonce = conversation.sender_nonce
        while True:
            answer = self._send(
                conversation,
                BodyType.POLLREQ,
                poll_request(cert_req_id),
                recip_nonce=answer.header.sender_nonce,
                delayed_nonce=delayed_nonce,
                patience=patience,
            )
            seconds = seconds_to_wait(answer, cert_req_id)
            if seconds is None:
                return answer
            if not patience.wait(seconds):
                raise CaWaitingError(messages.CA_WAITING.format(seconds=round(patience.seconds)))

    def _exchange(self, attempted: str, raw: bytes, patience: Patience | None) -> Answer:
        while True:
            try:
                return self._exchange_once(attempted, raw)
            except CaBusyError as error:
                # The server says that it has not taken the message, so the same one may come again
                # (RFC 9110, 10.2.3).
                after = error.retry_after_seconds
                if after is None or patience is None or not patience.wait(after):
                    raise
                _log.info("sent again after the time that was asked for: %s", error)

    def _exchange_once(self, attempted: str, raw: bytes) -> Answer:
        try:
            return exchange(
                self._http,
                attempted,
                "POST",
                self._url,
                content=raw,
                headers={"content-type": CONTENT_TYPE},
                read_always=CONTENT_TYPE,
            )
        except BusyError as error:
            raise CaBusyError(str(error), error.retry_after_seconds) from error
        except NotTrustedError as error:
            raise TlsNotTrustedError(str(error)) from error
        except UnusableAnswerError as error:
            raise NotCmpError(str(error)) from error
        except AnswerLostError as error:
            raise CaAnswerLostError(str(error)) from error
        except ExchangeError as error:
            raise CaUnreachableError(str(error)) from error


def _log_content(direction: str, body_type: BodyType, content: bytes) -> None:
    if _content_log.isEnabledFor(logging.DEBUG):
        _content_log.debug("%s %s", direction, describe_content(body_type, content))


def _attempted(body_type: BodyType) -> str:
    return messages.SENDING_CMP.format(message=body_type.standard_name)
