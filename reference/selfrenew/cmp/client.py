# SPDX-License-Identifier: Apache-2.0
"""The CMP client: one certificate, from the request to its confirmation (RFC 9483, 4.1; RFC 9811).

Nothing in an answer is believed before its protection holds and it belongs to this transaction. The
caller judges the certificate, on the card, between `request` and `confirm` or `reject`.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.http import (
    BusyError,
    ExchangeError,
    NotTrustedError,
    TooLongError,
    exchange,
)

from .building import (
    NULL_NAME,
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
    CmpFormatError,
    NotCmpError,
    TlsNotTrustedError,
)
from .message import ReceivedMessage, decode, decode_list, decode_message, encode
from .protection import Signer
from .structures import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PkiStatus,
    PollRepContent,
)

_log = logging.getLogger("selfrenew.cmp")
_CONTENT_TYPE = "application/pkixcmp"
_ANSWERS = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}
_GRANTED = frozenset({PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS})
_POLL_SECONDS_MAX = 60


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
        content, pvno = certificate_confirmation(self.certificate, rejection_text)
        self._client.converse(
            self._conversation,
            BodyType.CERTCONF,
            content,
            expected=BodyType.PKICONF,
            recip_nonce=self._answer.header.sender_nonce,
            pvno=pvno,
        )


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
        """Check that a server is there, without beginning a transaction.

        OPTIONS, since any HTTP server answers it somehow; only silence and 5xx count against it.
        """
        request = self._http.build_request("OPTIONS", self._url)
        status, _, _ = self._exchange("Asking whether the CA is there", request)
        if status >= 500:
            raise CaBusyError(f"The CA at {self._url} answers {status}. Try again later.", None)
        if status == 404:
            raise NotCmpError(
                f"There is no CMP at {self._url} (404). Check the address in the configuration."
            )

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
        answer = self.converse(conversation, kind, content, expected=_ANSWERS[kind])
        response = _single_response(answer)
        if response.status.status == PkiStatus.WAITING:
            answer = self._poll(conversation, answer, _ANSWERS[kind])
            response = _single_response(answer)
        if response.status.status not in _GRANTED:
            raise rejection("The certificate request", response.status)
        return PendingCertificate(
            _certificate_in(response), answer.certificates, self, conversation, answer
        )

    def converse(
        self,
        conversation: Conversation,
        body_type: BodyType,
        content: bytes,
        *,
        expected: BodyType | frozenset[BodyType],
        recip_nonce: bytes | None = None,
        pvno: int = 2,
    ) -> ReceivedMessage:
        """Send a message of a conversation and return its checked answer."""
        raw = conversation.message(body_type, content, recip_nonce=recip_nonce, pvno=pvno)
        name = body_type.standard_name
        _log.debug("-> %s (transaction %s)", name, conversation.transaction_id.hex())
        request = self._http.build_request(
            "POST", self._url, content=raw, headers={"content-type": _CONTENT_TYPE}
        )
        attempted = f"Sending {name} to the CA"
        status, content_type, body = self._exchange(attempted, request)
        answer = self._read(attempted, status, content_type, body)
        _log.debug("<- %s, HTTP %d", answer.describe(), status)
        check_protection(answer, conversation.protection, self._trust, self._clock())
        check_transaction(
            answer, conversation.transaction_id, conversation.sender_nonce, self._clock()
        )
        if answer.body_type is BodyType.ERROR:
            error = decode(ErrorMsgContent, answer.content)
            raise rejection(attempted, error.pki_status_info, error.error_details)
        allowed = {expected} if isinstance(expected, BodyType) else expected
        if answer.body_type not in allowed:
            wanted = " or ".join(sorted(kind.standard_name for kind in allowed))
            raise CmpFormatError(
                f"{attempted} was answered with {answer.body_type.standard_name} instead of "
                f"{wanted}. Nothing was done with it."
            )
        return answer

    def _read(self, attempted: str, status: int, content_type: str, body: bytes) -> ReceivedMessage:
        if content_type != _CONTENT_TYPE:
            what = content_type or "an answer without content type"
            if status >= 500:
                raise CaBusyError(f"{attempted} failed: HTTP {status}. Try again later.", None)
            raise NotCmpError(
                f"{attempted} was answered with HTTP {status} and {what}, which is not CMP. Check "
                "the CA's address in the configuration."
            )
        try:
            return decode_message(body)
        except CmpFormatError as error:
            raise NotCmpError(
                f"{attempted} was answered with {len(body)} bytes that are not a CMP message "
                f"({error}). Check the CA's address in the configuration."
            ) from error

    def _poll(
        self, conversation: Conversation, answer: ReceivedMessage, wanted: BodyType
    ) -> ReceivedMessage:
        """Come back for a delayed answer (RFC 9483, 4.4), within the budget."""
        budget = self._polling_budget_seconds
        while True:
            answer = self.converse(
                conversation,
                BodyType.POLLREQ,
                poll_request(),
                expected=frozenset({BodyType.POLLREP, wanted}),
                recip_nonce=answer.header.sender_nonce,
            )
            if answer.body_type is wanted:
                return answer
            replies = decode_list(PollRepContent, answer.content)
            wait = max(1, min(replies[0].check_after if replies else 1, _POLL_SECONDS_MAX))
            budget -= wait
            if budget < 0:
                raise CaWaitingError(
                    f"The CA has not decided within {self._polling_budget_seconds:.0f} seconds. "
                    "Try again later."
                )
            self._sleep(wait)

    def _exchange(self, attempted: str, request: httpx.Request) -> tuple[int, str, bytes]:
        try:
            answer = exchange(self._http, attempted, request)
        except BusyError as error:
            raise CaBusyError(str(error), error.retry_after_seconds) from error
        except NotTrustedError as error:
            raise TlsNotTrustedError(str(error)) from error
        except TooLongError as error:
            raise NotCmpError(str(error)) from error
        except ExchangeError as error:
            raise CaUnreachableError(str(error)) from error
        return answer.status, answer.content_type, answer.body


def _single_response(answer: ReceivedMessage) -> CertResponse:
    responses = decode(CertRepMessage, answer.content).response
    if len(responses) != 1 or responses[0].cert_req_id != 0:
        raise CmpFormatError(
            f"The CA's {answer.body_type.standard_name} does not answer the one request that was "
            "sent. Nothing was done with it."
        )
    return responses[0]


def _certificate_in(response: CertResponse) -> x509.Certificate:
    pair = response.certified_key_pair
    if pair is None or pair.cert_or_enc_cert.tag != "certificate":
        raise CmpFormatError("The CA granted the request and sent no certificate.")
    try:
        return x509.load_der_x509_certificate(encode(pair.cert_or_enc_cert.value))
    except ValueError as error:
        raise CmpFormatError(f"The CA's certificate cannot be read: {error}.") from error
