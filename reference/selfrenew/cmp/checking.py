# SPDX-License-Identifier: Apache-2.0
"""What the client checks of every answer (RFC 9810, 5.1.1 and 5.1.3; RFC 9483, 3.5)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from selfrenew.http import one_line

from .building import CMP_2000, CMP_2021, MacProtection, Protection
from .errors import (
    CaRejectedError,
    CmpFormatError,
    UntrustedAnswerError,
    WrongTransactionError,
)
from .message import ReceivedMessage, decode, fail_names, name_of
from .path import build_path, may_sign, may_speak_for_a_ca
from .protection import is_mac, subject_key_identifier, verify_mac, verify_signature
from .structures import BodyType, ErrorMsgContent, PkiStatusInfo

TIME_TOLERANCE = timedelta(minutes=10)
_NONCE_BYTES = 16
_EMPTY_NAME = b"\x30\x00"


@dataclass(frozen=True)
class Trust:
    """Whom to believe: the anchors, or one pinned certificate that signs for the CA."""

    anchors: tuple[x509.Certificate, ...]
    pinned: x509.Certificate | None = None


def check_protection(
    answer: ReceivedMessage, own: Protection | None, trust: Trust, now: datetime
) -> None:
    """Require that the CA made the answer. Raise UntrustedAnswerError.

    `own` is what the request was protected with; one without any may be answered without any.
    """
    if answer.protection is None and own is None:
        return
    if answer.protection is None and answer.body_type is BodyType.ERROR:
        raise UntrustedAnswerError(_hearsay(answer))
    if is_mac(answer):
        if not isinstance(own, MacProtection):
            raise UntrustedAnswerError(
                "The CA's answer is protected by a MAC where a signature is due. It was not used."
            )
        verify_mac(answer, own.secret)
        return
    signer = _signer(answer, trust, now)
    verify_signature(answer, signer.public_key())


def _signer(answer: ReceivedMessage, trust: Trust, now: datetime) -> x509.Certificate:
    pinned = [] if trust.pinned is None else [trust.pinned]
    for certificate in (*pinned, *answer.certificates, *trust.anchors):
        if not _goes_with(answer, certificate) or not may_sign(certificate):
            continue
        if certificate == trust.pinned:
            return certificate
        if not may_speak_for_a_ca(certificate):
            continue
        if build_path(certificate, answer.certificates, trust.anchors, now) is not None:
            return certificate
    raise UntrustedAnswerError(
        f"The CA's answer {answer.describe()} is not signed by a certificate that leads to a "
        "trusted root and may speak for a CA. It was not used. Check the CA's address and the "
        "trust anchors in the configuration."
    )


def _hearsay(answer: ReceivedMessage) -> str:
    """Pass on what an unprotected error says: it may be what helps, if nothing to rely on."""
    error = decode(ErrorMsgContent, answer.content)
    said = rejection("The request", error.pki_status_info, error.error_details)
    reasons = ", ".join(sorted(said.fail_info)) or "no reason"
    text = f' ("{said.text}")' if said.text else ""
    return (
        f"The CA's answer is an error that is not protected, so anybody may have sent it. It "
        f"says {reasons}{text}. Try again later, and check the CA's address in the configuration."
    )


def _goes_with(answer: ReceivedMessage, certificate: x509.Certificate) -> bool:
    kid = answer.header.sender_kid
    if kid is not None and kid != subject_key_identifier(certificate):
        return False
    return name_of(answer.header.sender) in {_EMPTY_NAME, certificate.subject.public_bytes()}


def check_transaction(
    answer: ReceivedMessage, transaction_id: bytes, nonces: Collection[bytes], now: datetime
) -> None:
    """Require that the answer is to a message with one of the senderNonces `nonces`.

    Raise WrongTransactionError, or CmpFormatError for a version that was not asked for.
    """
    header = answer.header
    if header.pvno not in {CMP_2000, CMP_2021}:
        raise CmpFormatError(
            f"The CA's answer is of CMP version {header.pvno}, which is not known here. It was not "
            "used."
        )
    if header.transaction_id != transaction_id:
        raise WrongTransactionError(
            "The CA's answer belongs to another transaction. It was not used. Try again."
        )
    if header.recip_nonce not in nonces:
        raise WrongTransactionError(
            "The CA's answer is not to the message that was sent last: its recipNonce is wrong. "
            "It was not used. Try again."
        )
    if len(header.sender_nonce or b"") < _NONCE_BYTES:
        raise WrongTransactionError(
            "The CA's answer has no senderNonce of 16 bytes. It was not used."
        )
    time = header.message_time
    if time is not None and abs(time.as_datetime() - now) > TIME_TOLERANCE:
        raise WrongTransactionError(
            f"The CA's answer is of {time.as_datetime().isoformat()}, more than {TIME_TOLERANCE} "
            "off. It was not used. Check this machine's clock."
        )


def rejection(
    attempted: str, info: PkiStatusInfo, details: Iterable[str] | None = None
) -> CaRejectedError:
    """Turn a CA's status into an error; its texts are cut and kept to one line."""
    texts = [*(info.status_string or ()), *(details or ())]
    return CaRejectedError(attempted, info.status, fail_names(info), one_line(" ".join(texts)))
