# SPDX-License-Identifier: Apache-2.0
"""The CMP responder: a message in, an answer out (RFC 9810, 5; RFC 9483, 3.5, 3.6 and 4.1)."""

import hashlib
import hmac
import logging
from datetime import datetime, timedelta

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, certificate_der, decode_list, decode_message
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    FailureInfo,
    PkiStatus,
)
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.randomness import Randomness

from .answers import NONCE_BYTES, RESPONSE_TO, VERSIONS, Answers, implicit_confirm_asked
from .authority import Authority
from .enrolling import Enroller
from .errors import RequestRefusedError
from .policy import choose_profile
from .profiles import Profile
from .records import AuditEntry, Record
from .requester import CertifiedRequester, EnrolledRequester, Requester, identify
from .requests import RequestedCertificate, read_request
from .store import Store

_log = logging.getLogger(__name__)

TIME_TOLERANCE = timedelta(minutes=5)
CONFIRM_WAIT = timedelta(minutes=10)


class Responder:
    """Answers CMP messages for one CA."""

    def __init__(
        self, authority: Authority, store: Store, clock: Clock, randomness: Randomness
    ) -> None:
        self._store = store
        self._clock = clock
        self._enroller = Enroller(authority, store, clock)
        self._answers = Answers(authority, clock, randomness)

    def answer(self, raw: bytes, profile: Profile | None) -> tuple[bytes, bool]:
        """Answer any bytes, and tell whether they were CMP; `profile` is the one the path names."""
        try:
            message = decode_message(raw)
        except CmpFormatError as error:
            refusal = RequestRefusedError(FailureInfo.badDataFormat, str(error))
            return self._answers.refusal(None, None, refusal), False
        requester: Requester | None = None
        try:
            _check_header(message, self._clock())
            self._enroller.withdraw_overdue()
            requester = identify(message, self._store, self._clock)
            with self._store.change():
                answer, told = self._dispatch(message, requester, profile)
                self._note(message, requester, told)
                return answer, True
        except RequestRefusedError as error:
            refusal = error
            _log.info("%s refused: %s", message.describe(), refusal)
        except Exception:  # noqa: BLE001  the one edge: a bug must show as one, and be logged
            _log.exception("%s failed inside the CA", message.describe())
            refusal = RequestRefusedError(FailureInfo.systemFailure, "the CA failed; try later")
        self._note(message, requester, str(refusal))
        return self._answers.refusal(message, requester, refusal), True

    def _note(self, message: ReceivedMessage, requester: Requester | None, told: str) -> None:
        self._store.note(
            AuditEntry(
                self._clock(),
                message.header.transaction_id or b"",
                message.body_type.standard_name,
                "" if requester is None else requester.identity.decode(),
                told,
            )
        )

    def _dispatch(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str]:
        if message.body_type in RESPONSE_TO:
            return self._enrol(message, requester, profile)
        if message.body_type is BodyType.CERTCONF:
            return self._confirm(message, requester)
        if message.body_type is BodyType.ERROR:
            return self._close(message, requester)
        raise RequestRefusedError(
            FailureInfo.badRequest, f"{message.body_type.standard_name} is not answered here"
        )

    def _enrol(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str]:
        transaction_id = message.header.transaction_id or b""
        if message.header.recip_nonce is not None:
            raise RequestRefusedError(
                FailureInfo.badRecipientNonce,
                "the first message of a transaction has no recipNonce",
            )
        if not self._store.begin(transaction_id, requester.identity):
            raise RequestRefusedError(
                FailureInfo.transactionIdInUse, "this transactionID was used before"
            )
        asked = read_request(message)
        updates = _updated(message, requester, asked)
        by = requester.enrolment if isinstance(requester, EnrolledRequester) else requester.record
        chosen = choose_profile(by, profile, updates)
        certificate = self._enroller.issue(asked, chosen, by, updates)
        serial = certificate.serial_number
        nonce = self._answers.nonce()
        until: datetime | None = None
        if implicit_confirm_asked(message):
            self._enroller.confirm(serial)
            self._store.end(transaction_id, serial)
        else:
            until = self._clock().replace(microsecond=0) + CONFIRM_WAIT
            self._store.await_confirmation(transaction_id, serial, nonce, until)
        answer = self._answers.issued(
            message, requester, asked.cert_req_id, certificate, nonce=nonce, confirm_until=until
        )
        return answer, f"issued {serial:x} under the profile {chosen.name}"

    def _confirm(self, message: ReceivedMessage, requester: Requester) -> tuple[bytes, str]:
        nonce, record = self._awaited(message, requester)
        if message.header.recip_nonce != nonce:
            raise RequestRefusedError(
                FailureInfo.badRecipientNonce, "recipNonce is not the last senderNonce"
            )
        try:
            statuses = decode_list(CertConfirmContent, message.content)
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
        serial = record.certificate.serial_number
        # An empty list rejects everything (RFC 9810, 5.3.18).
        accepted = bool(statuses) and _judge_confirmation(statuses, record.certificate)
        if accepted:
            self._enroller.confirm(serial)
        else:
            self._enroller.withdraw(serial)
        self._store.end(message.header.transaction_id or b"", serial)
        told = f"{'confirmed' if accepted else 'withdrew'} {serial:x}"
        return self._answers.confirmed(message, requester), told

    def _close(self, message: ReceivedMessage, requester: Requester) -> tuple[bytes, str]:
        """End a transaction the requester reports as failed (RFC 9483, 3.6.4)."""
        _, record = self._awaited(message, requester)
        serial = record.certificate.serial_number
        self._enroller.withdraw(serial)
        self._store.end(message.header.transaction_id or b"", serial)
        return self._answers.confirmed(message, requester), f"withdrew {serial:x}"

    def _awaited(self, message: ReceivedMessage, requester: Requester) -> tuple[bytes, Record]:
        """Find nonce and certificate of the open transaction that a message continues."""
        transaction = self._store.transaction(message.header.transaction_id or b"")
        serial = None if transaction is None else transaction.serial
        record = None if serial is None else self._store.find(serial)
        if transaction is None or record is None:
            raise RequestRefusedError(FailureInfo.badRequest, "no such transaction is open")
        if transaction.requester != requester.identity:
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "this transaction was begun by another requester"
            )
        if transaction.is_open:
            return transaction.nonce, record
        if record.state is CertificateState.REVOKED:
            raise RequestRefusedError(
                FailureInfo.certRevoked,
                "this certificate was withdrawn before it was confirmed: ask for another",
            )
        raise RequestRefusedError(
            FailureInfo.certConfirmed, "this transaction has been confirmed or ended before"
        )


def _check_header(message: ReceivedMessage, now: datetime) -> None:
    header = message.header
    if header.pvno not in VERSIONS:
        raise RequestRefusedError(
            FailureInfo.unsupportedVersion, f"pvno {header.pvno} is not supported, 2 and 3 are"
        )
    if len(header.transaction_id or b"") != NONCE_BYTES:
        raise RequestRefusedError(
            FailureInfo.badDataFormat, "transactionID has to have 16 bytes (RFC 9483, 3.1)"
        )
    if len(header.sender_nonce or b"") < NONCE_BYTES:
        raise RequestRefusedError(
            FailureInfo.badSenderNonce, "senderNonce has to have 16 bytes (RFC 9483, 3.1)"
        )
    time = header.message_time
    if time is not None and abs(time.as_datetime() - now) > TIME_TOLERANCE:
        raise RequestRefusedError(
            FailureInfo.badTime, f"messageTime is more than {TIME_TOLERANCE} off: set the clock"
        )


def _updated(
    message: ReceivedMessage, requester: Requester, asked: RequestedCertificate
) -> Record | None:
    """Name the certificate that kur updates; only its own key may ask (RFC 9483, 4.1.3)."""
    if message.body_type is not BodyType.KUR:
        return None
    if not isinstance(requester, CertifiedRequester):
        raise RequestRefusedError(
            FailureInfo.wrongIntegrity, "kur has to be signed with the key that is updated"
        )
    certificate = requester.record.certificate
    own = (certificate.issuer.public_bytes(), certificate.serial_number)
    if asked.old is not None and asked.old != own:
        raise RequestRefusedError(
            FailureInfo.badCertId, "oldCertID is not the certificate that protects the request"
        )
    return requester.record


def _judge_confirmation(statuses: list[CertStatus], certificate: x509.Certificate) -> bool:
    """Check the one CertStatus; tell whether it accepts. Raise RequestRefusedError."""
    if len(statuses) != 1 or statuses[0].cert_req_id not in {0, -1}:
        raise RequestRefusedError(FailureInfo.badCertId, "certReqId is not the one that was asked")
    status = statuses[0]
    digest = certificate.signature_hash_algorithm
    if status.hash_alg is not None:
        digest = alg.DIGESTS.get(alg.oid_of(status.hash_alg))
    if digest is None:
        raise RequestRefusedError(FailureInfo.badCertId, "hashAlg is not known here")
    expected = hashlib.new(digest.name, certificate_der(certificate)).digest()
    if not hmac.compare_digest(expected, status.cert_hash):
        raise RequestRefusedError(FailureInfo.badCertId, "certHash is of another certificate")
    return status.status_info is None or status.status_info.status in {
        PkiStatus.ACCEPTED,
        PkiStatus.GRANTED_WITH_MODS,
    }
