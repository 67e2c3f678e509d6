# SPDX-License-Identifier: Apache-2.0
"""The CMP responder: a message in, an answer out (RFC 9810, 5; RFC 9483, 3.5, 3.6 and 4.1).

Every refusal is encoded here and nowhere else. An answer is protected as its request was: a MAC
under the same secret, otherwise the CMP signer's signature.
"""

import hashlib
import hmac
import logging
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime, Null, Variant

from selfrenew.clock import Clock
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_CONTENT, NULL_NAME, fail_bits
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import (
    Message,
    ReceivedMessage,
    certificate_der,
    decode_list,
    decode_message,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    protect,
    subject_key_identifier,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    CertStatus,
    ErrorMsgContent,
    FailureInfo,
    GenMsgContent,
    PkiHeader,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew_emulator.randomness import Randomness

from .authority import Authority
from .enrolling import Enroller, Request
from .errors import RequestRefusedError
from .profiles import GENERAL, PROFILES, Profile
from .requester import CertifiedRequester, EnrolledRequester, Requester, identify
from .requests import RequestedCertificate, read_request
from .store import Record, Store, Transaction

_log = logging.getLogger(__name__)

NONCE_BYTES = 16
TIME_TOLERANCE = timedelta(minutes=5)
CONFIRM_WAIT = timedelta(minutes=10)
_IMPLICIT_CONFIRM = alg.Oid("1.3.6.1.5.5.7.4.13")
_CONFIRM_WAIT_TIME = alg.Oid("1.3.6.1.5.5.7.4.14")
_VERSIONS = frozenset({2, 3})
_ANSWERS = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.P10CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}


class Responder:
    """Answers CMP messages for one CA."""

    def __init__(
        self, authority: Authority, store: Store, clock: Clock, randomness: Randomness
    ) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._enroller = Enroller(authority, store, clock)
        signer = authority.cmp_signer
        self._signer = PrivateKeySigner(signer.key)
        self._signer_kid = subject_key_identifier(signer.certificate)
        # The intermediates and not the root, which a client has or is given on first issue.
        self._chain = tuple(
            certificate_der(certificate)
            for certificate in (
                signer.certificate,
                *(issuer.certificate for issuer in authority.issuers.values()),
            )
        )
        self._root = certificate_der(authority.root.certificate)

    def answer(self, raw: bytes, profile: Profile | None) -> tuple[bytes, bool]:
        """Answer any bytes, and tell whether they were CMP; `profile` is the one the path names."""
        try:
            message = decode_message(raw)
        except CmpFormatError as error:
            refusal = RequestRefusedError(FailureInfo.badDataFormat, str(error))
            return self._refuse(None, None, refusal), False
        requester: Requester | None = None
        try:
            _check_header(message, self._clock())
            requester = identify(message, self._store, self._clock)
            with self._store.change():
                return self._dispatch(message, requester, profile), True
        except RequestRefusedError as refusal:
            _log.info("%s refused: %s", message.describe(), refusal)
            return self._refuse(message, requester, refusal), True
        except Exception:  # noqa: BLE001  the one edge: a bug must show as one, and be logged
            _log.exception("%s failed inside the CA", message.describe())
            failure = RequestRefusedError(FailureInfo.systemFailure, "the CA failed; try later")
            return self._refuse(message, requester, failure), True

    def _dispatch(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> bytes:
        if message.body_type in _ANSWERS:
            return self._enrol(message, requester, profile)
        if message.body_type is BodyType.CERTCONF:
            return self._confirm(message, requester)
        if message.body_type is BodyType.ERROR:
            self._close(message, requester)
            return self._reply(message, requester, BodyType.PKICONF, NULL_CONTENT)
        raise RequestRefusedError(
            FailureInfo.badRequest, f"{message.body_type.standard_name} is not answered here"
        )

    def _enrol(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> bytes:
        header = message.header
        transaction_id = header.transaction_id or b""
        if header.recip_nonce is not None:
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
        request = Request(
            _choose_profile(requester, profile, updates),
            asked.subject,
            asked.public_key,
            asked.not_after,
            asked.extensions,
            updates,
        )
        by = (
            requester.enrolment
            if isinstance(requester, EnrolledRequester)
            else requester.record.certificate
        )
        certificate = self._enroller.issue(request, by)
        return self._issued(message, requester, asked.cert_req_id, certificate)

    def _issued(
        self,
        message: ReceivedMessage,
        requester: Requester,
        cert_req_id: int,
        certificate: x509.Certificate,
    ) -> bytes:
        transaction_id = message.header.transaction_id or b""
        first = isinstance(requester, EnrolledRequester)
        pair = CertifiedKeyPair(
            cert_or_enc_cert=Variant(tlv(certificate_der(certificate)), "certificate")
        )
        content = CertRepMessage(
            ca_pubs=[tlv(self._root)] if first else None,
            response=[
                CertResponse(
                    cert_req_id=cert_req_id,
                    status=PkiStatusInfo(status=PkiStatus.ACCEPTED),
                    certified_key_pair=pair,
                )
            ],
        )
        nonce = self._randomness(NONCE_BYTES)
        if _implicit_confirm_asked(message):
            self._enroller.confirm(certificate.serial_number)
            self._store.end(transaction_id)
            info = alg.identifier(_IMPLICIT_CONFIRM, encode(Null()))
        else:
            until = self._clock().replace(microsecond=0) + CONFIRM_WAIT
            self._store.await_confirmation(transaction_id, certificate.serial_number, nonce, until)
            info = alg.identifier(_CONFIRM_WAIT_TIME, encode(GeneralizedTime(until)))
        return self._reply(
            message,
            requester,
            _ANSWERS[message.body_type],
            encode(content),
            nonce=nonce,
            general_info=[tlv(encode_list(GenMsgContent(items=info)))],
        )

    def _confirm(self, message: ReceivedMessage, requester: Requester) -> bytes:
        transaction, serial = self._awaited(message, requester)
        transaction_id = message.header.transaction_id or b""
        if message.header.recip_nonce != transaction.nonce:
            raise RequestRefusedError(
                FailureInfo.badRecipientNonce, "recipNonce is not the last senderNonce"
            )
        record = self._store.find(serial)
        if record is None:
            raise RequestRefusedError(FailureInfo.badCertId, "there is nothing to confirm")
        if transaction.confirm_until is not None and self._clock() > transaction.confirm_until:
            self._store.end(transaction_id)
            self._enroller.withdraw(serial)
            return self._late(message, requester)
        try:
            statuses = decode_list(CertConfirmContent, message.content)
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
        # An empty list rejects everything (RFC 9810, 5.3.18).
        accepted = bool(statuses) and _judge_confirmation(statuses, record)
        if accepted:
            self._enroller.confirm(serial)
        else:
            self._enroller.withdraw(serial)
        self._store.end(transaction_id)
        return self._reply(message, requester, BodyType.PKICONF, NULL_CONTENT)

    def _late(self, message: ReceivedMessage, requester: Requester) -> bytes:
        refusal = RequestRefusedError(
            FailureInfo.certRevoked, "confirmWaitTime has passed: the certificate was withdrawn"
        )
        return self._refuse(message, requester, refusal)

    def _close(self, message: ReceivedMessage, requester: Requester) -> None:
        """End a transaction the requester reports as failed (RFC 9483, 3.6.4)."""
        _, serial = self._awaited(message, requester)
        self._enroller.withdraw(serial)
        self._store.end(message.header.transaction_id or b"")

    def _awaited(self, message: ReceivedMessage, requester: Requester) -> tuple[Transaction, int]:
        transaction = self._store.transaction(message.header.transaction_id or b"")
        if transaction is None or transaction.serial is None:
            raise RequestRefusedError(FailureInfo.badRequest, "no such transaction is open")
        if transaction.requester != requester.identity:
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "this transaction was begun by another requester"
            )
        if not transaction.is_open:
            raise RequestRefusedError(
                FailureInfo.certConfirmed, "this transaction has been confirmed or ended before"
            )
        return transaction, transaction.serial

    def _refuse(
        self,
        message: ReceivedMessage | None,
        requester: Requester | None,
        refusal: RequestRefusedError,
    ) -> bytes:
        content = ErrorMsgContent(
            pki_status_info=PkiStatusInfo(
                status=PkiStatus.REJECTION,
                status_string=[refusal.text],
                fail_info=fail_bits(refusal.reason),
            )
        )
        return self._reply(message, requester, BodyType.ERROR, encode(content))

    def _reply(
        self,
        message: ReceivedMessage | None,
        requester: Requester | None,
        body_type: BodyType,
        content: bytes,
        *,
        nonce: bytes | None = None,
        general_info: list[TLV] | None = None,
    ) -> bytes:
        asked = message.header if message else None
        header = PkiHeader(
            pvno=asked.pvno if asked and asked.pvno in _VERSIONS else 2,
            sender=general_name(self._authority.cmp_signer.certificate.subject),
            recipient=asked.sender if asked else general_name(NULL_NAME),
            message_time=GeneralizedTime(self._clock().replace(microsecond=0)),
            transaction_id=asked.transaction_id if asked else None,
            sender_nonce=nonce or self._randomness(NONCE_BYTES),
            recip_nonce=asked.sender_nonce if asked else None,
            general_info=general_info,
        )
        if isinstance(requester, EnrolledRequester) and asked:
            # The first issue brings the whole chain, the anchor too (RFC 9483, 4.1.1).
            header.sender_kid = asked.sender_kid
            header.protection_alg = asked.protection_alg
            certificates = (*self._chain[1:], self._root)
            answer = Message(header, body_type, content, None, certificates)
            return protect(answer, requester.enrolment.secret)
        header.sender_kid = self._signer_kid
        return protect(Message(header, body_type, content, None, self._chain), self._signer)


def _check_header(message: ReceivedMessage, now: datetime) -> None:
    header = message.header
    if header.pvno not in _VERSIONS:
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


def _choose_profile(requester: Requester, named: Profile | None, updates: Record | None) -> Profile:
    """Take the profile of the path; without one, of the certificate or of the enrolment."""
    if updates is not None:
        own = PROFILES[updates.profile]
        if named not in {None, own}:
            raise RequestRefusedError(
                FailureInfo.notAuthorized, f"kur keeps the profile, which is {own.name}"
            )
        return own
    if named is not None:
        return named
    if isinstance(requester, CertifiedRequester):
        return PROFILES[requester.record.profile]
    allowed = requester.enrolment.profiles
    return PROFILES[next(iter(allowed))] if len(allowed) == 1 else GENERAL


def _implicit_confirm_asked(message: ReceivedMessage) -> bool:
    for info in message.header.general_info or ():
        if alg.oid_of(decode_list(GenMsgContent, encode(info))) == _IMPLICIT_CONFIRM:
            return True
    return False


def _judge_confirmation(statuses: list[CertStatus], record: Record) -> bool:
    """Check the one CertStatus; tell whether it accepts. Raise RequestRefusedError."""
    if len(statuses) != 1 or statuses[0].cert_req_id not in {0, -1}:
        raise RequestRefusedError(FailureInfo.badCertId, "certReqId is not the one that was asked")
    status = statuses[0]
    certificate = record.certificate
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
