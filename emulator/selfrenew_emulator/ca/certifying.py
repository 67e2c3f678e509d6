# SPDX-License-Identifier: Apache-2.0
"""Transactions about a certificate: ir, cr, kur and p10cr to their confirmation.

RFC 9810, 5.3.1 to 5.3.6, 5.3.18 and 5.1.1.1; RFC 9483, 4.1.
"""

import hashlib
import hmac
import logging
from datetime import datetime, timedelta

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import CERT_REQ_ID, CMP_2021
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, certificate_der, decode_list
from selfrenew.cmp.names import same_name
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew_emulator.certificate_status import CertificateState

from .answers import Answers, implicit_confirm_asked
from .enrolling import Enroller
from .errors import RequestRefusedError
from .policy import choose_profile, registers_others
from .profiles import Profile
from .records import Record, Transaction
from .registering import check_original
from .requester import CertifiedRequester, Requester
from .requests import P10_CERT_REQ_ID, RequestedCertificate, named_profiles, read_request
from .store import Store
from .transactions import find, require_nonce, require_report, transaction_of

_log = logging.getLogger(__name__)

CONFIRM_WAIT = timedelta(minutes=10)


class Certifying:
    """Answers with a certificate, and hears what becomes of it."""

    def __init__(self, enroller: Enroller, store: Store, answers: Answers, clock: Clock) -> None:
        self._enroller = enroller
        self._store = store
        self._answers = answers
        self._clock = clock

    def request(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str]:
        """Answer ir, cr, kur or p10cr.

        What the request itself is refused for is told in the answer of its kind (RFC 9810, C.4 and
        C.5); a header that is not right, or content that is no such request, gets an error.
        """
        implicit = implicit_confirm_asked(message)
        (named,) = named_profiles(message, 1, profile)
        registrar = registers_others(requester.right)
        if registrar:
            check_original(message)
        try:
            # What was begun for a request that is refused in the end is taken back.
            with self._store.change():
                return self._request(message, requester, named, registrar, implicit)
        except RequestRefusedError as refusal:
            if refusal.reason is FailureInfo.badDataFormat:
                raise
            number = P10_CERT_REQ_ID if message.body_type is BodyType.P10CR else CERT_REQ_ID
            answer = self._answers.not_issued(message, requester, number, refusal)
            _log.info("%s refused: %s", message.describe(), refusal)
            return answer, str(refusal)

    def _request(
        self,
        message: ReceivedMessage,
        requester: Requester,
        named: Profile | None,
        registrar: bool,
        implicit: bool,
    ) -> tuple[bytes, str]:
        # A key update keeps the proof of who has the new key (RFC 9483, 5.2.3).
        verified = registrar and message.body_type is not BodyType.KUR
        asked = read_request(message, requester, verified=verified)
        updates = self._updated(message, requester, asked)
        chosen = choose_profile(requester.right, named, updates)
        how = message.body_type.standard_name
        record = self._enroller.issue(asked, chosen, requester.right, updates, how=how)
        certificate = record.certificate
        serial = certificate.serial_number
        nonce = self._answers.nonce()
        until: datetime | None = None
        if implicit:
            self._enroller.confirm(record)
            self._store.end(transaction_of(message), serial)
        else:
            until = self._clock().replace(microsecond=0) + CONFIRM_WAIT
            transaction = transaction_of(message)
            self._store.await_confirmation(transaction, serial, nonce, until, asked.cert_req_id)
        answer = self._answers.issued(
            message,
            requester,
            asked.cert_req_id,
            certificate,
            as_asked=asked.is_met_by(certificate),
            nonce=nonce,
            confirm_until=until,
        )
        return answer, f"issued {serial:x} under the profile {chosen.name}"

    def confirm(
        self, message: ReceivedMessage, requester: Requester, _: Profile | None
    ) -> tuple[bytes, str]:
        """Answer certConf."""
        transaction, record = self._awaited(message, requester)
        require_nonce(message, transaction.nonce)
        try:
            statuses = decode_list(CertConfirmContent, message.content)
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
        if message.header.pvno < CMP_2021 and any(each.hash_alg for each in statuses):
            raise RequestRefusedError(
                FailureInfo.badRequest, "hashAlg is there from pvno 3 on (RFC 9810, 7)"
            )
        serial = record.certificate.serial_number
        # An empty list rejects everything (RFC 9810, 5.3.18).
        accepted = bool(statuses) and _judge_confirmation(
            statuses, record.certificate, transaction.cert_req_id
        )
        if accepted:
            self._enroller.confirm(record)
        else:
            self._enroller.withdraw(serial)
        self._store.end(transaction_of(message), serial)
        told = f"{'confirmed' if accepted else 'withdrew'} {serial:x}"
        return self._answers.confirmed(message, requester), told

    def close(
        self, message: ReceivedMessage, requester: Requester, _: Profile | None
    ) -> tuple[bytes, str]:
        """End a transaction the requester reports as failed (RFC 9483, 3.6.4).

        Where nothing is open there is nothing to be withdrawn, and still pkiConf is the answer (RFC
        9810, 5.3.21): in a transaction that is over, and in one that its refusal took back.
        """
        require_report(message)
        if self._store.transaction(transaction_of(message)) is None:
            return self._answers.confirmed(message, requester), "heard of nothing that is open"
        transaction, record = find(self._store, message, requester)
        if record is None or not transaction.is_open:
            return self._answers.confirmed(message, requester), "heard of what is over"
        require_nonce(message, transaction.nonce)
        serial = record.certificate.serial_number
        self._enroller.withdraw(serial)
        self._store.end(transaction_of(message), serial)
        return self._answers.confirmed(message, requester), f"withdrew {serial:x}"

    def _updated(
        self, message: ReceivedMessage, requester: Requester, asked: RequestedCertificate
    ) -> Record | None:
        """Name the certificate that kur updates.

        Only its own key may ask (RFC 9483, 4.1.3), or a registration authority that names it.
        """
        if message.body_type is not BodyType.KUR:
            return None
        if not isinstance(requester, CertifiedRequester):
            raise RequestRefusedError(
                FailureInfo.wrongIntegrity, "kur has to be signed with the key that is updated"
            )
        if not registers_others(requester.record):
            if asked.old is not None and not _names(asked.old, requester.record):
                raise RequestRefusedError(
                    FailureInfo.badCertId,
                    "oldCertID is not the certificate that protects the request",
                )
            return requester.record
        old = None if asked.old is None else self._store.find(asked.old[1])
        if asked.old is None or old is None or not _names(asked.old, old):
            raise RequestRefusedError(
                FailureInfo.badCertId, "oldCertID names no certificate that was issued here"
            )
        if old.state is not CertificateState.VALID:
            raise RequestRefusedError(
                FailureInfo.certRevoked, f"the old certificate is {old.state.value}"
            )
        return old

    def _awaited(
        self, message: ReceivedMessage, requester: Requester
    ) -> tuple[Transaction, Record]:
        """Find the open transaction that a message continues, and its certificate."""
        transaction, record = find(self._store, message, requester)
        if record is None:
            raise RequestRefusedError(
                FailureInfo.badRequest, "this transaction has no certificate to be confirmed"
            )
        if transaction.is_open:
            return transaction, record
        if record.state is CertificateState.REVOKED:
            raise RequestRefusedError(
                FailureInfo.certRevoked,
                "this certificate was withdrawn before it was confirmed: ask for another",
            )
        raise RequestRefusedError(
            FailureInfo.certConfirmed, "this transaction has been confirmed or ended before"
        )


def _names(named: tuple[bytes | None, int], record: Record) -> bool:
    """Tell whether an issuer's name and a serial number are those of a certificate."""
    (issuer, serial), certificate = named, record.certificate
    if issuer is None or serial != certificate.serial_number:
        return False
    return same_name(issuer, certificate.issuer.public_bytes())


def _judge_confirmation(
    statuses: list[CertStatus], certificate: x509.Certificate, cert_req_id: int
) -> bool:
    """Check the one CertStatus; tell whether it accepts. Raise RequestRefusedError."""
    # OpenSSL 3.0 says 0 of a PKCS #10 request too, which has no number of its own.
    if len(statuses) != 1:
        raise RequestRefusedError(
            FailureInfo.badRequest, f"one certificate is confirmed, {len(statuses)} are named"
        )
    if statuses[0].cert_req_id not in {0, cert_req_id}:
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
    return status.status_info is None or _accepts(status.status_info)


def _accepts(status: PkiStatusInfo) -> bool:
    """Tell whether a certificate is accepted; what says neither changes nothing (5.3.18)."""
    accepted = status.status in {PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS}
    if accepted and status.fail_info is not None:
        raise RequestRefusedError(
            FailureInfo.badRequest, "a certificate is accepted, or there is a failInfo: not both"
        )
    if not accepted and status.status != PkiStatus.REJECTION:
        raise RequestRefusedError(
            FailureInfo.badRequest, "the status of a certConf is accepted or rejection"
        )
    return accepted
