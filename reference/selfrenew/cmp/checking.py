# SPDX-License-Identifier: Apache-2.0
"""What the client checks of every answer (RFC 9810, 5.1.1 and 5.1.3; RFC 9483, 3.5)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from selfrenew import messages
from selfrenew.clock import TIME_TOLERANCE
from selfrenew.http import one_line

from .building import CMP_2000, CMP_2021, MacProtection, Protection
from .errors import (
    CaDownError,
    CaRejectedError,
    CmpFormatError,
    UntrustedAnswerError,
    WrongTransactionError,
)
from .message import ReceivedMessage, decode, fail_names, name_of
from .names import same_name
from .path import build_path, may_sign, may_speak_for_a_ca
from .protection import is_mac, subject_key_identifier, verify_mac, verify_signature
from .structures import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)

_NONCE_BYTES = 16
_PRINTED_BELOW = 10_000
_DOWN = frozenset({FailureInfo.systemUnavail.name, FailureInfo.systemFailure.name})
_EMPTY_NAME = b"\x30\x00"


@dataclass(frozen=True)
class Trust:
    """Whom to believe: the anchors, or one pinned certificate that signs for the CA."""

    anchors: tuple[x509.Certificate, ...]
    pinned: x509.Certificate | None = None


def check_protection(
    answer: ReceivedMessage,
    own: Protection | None,
    trust: Trust,
    now: datetime,
    known: Sequence[x509.Certificate] = (),
) -> None:
    """Require that the CA made the answer. Raise UntrustedAnswerError.

    `own` is what the request was protected with; one without any may be answered without any.
    `known` are certificates that came earlier in the transaction and may be left out now.
    """
    if answer.protection is None and own is None:
        return
    if answer.protection is None:
        said = _refusal(answer)
        if said is not None:
            raise UntrustedAnswerError(_hearsay(said))
    if is_mac(answer):
        if not isinstance(own, MacProtection):
            raise UntrustedAnswerError(messages.ANSWER_MAC)
        verify_mac(answer, own.secret)
        return
    signer = _signer(answer, [*answer.certificates, *known], trust, now)
    verify_signature(answer, signer.public_key())


def _signer(
    answer: ReceivedMessage, given: Sequence[x509.Certificate], trust: Trust, now: datetime
) -> x509.Certificate:
    pinned = [] if trust.pinned is None else [trust.pinned]
    for certificate in (*pinned, *given, *trust.anchors):
        if not _goes_with(answer, certificate) or not may_sign(certificate):
            continue
        if certificate == trust.pinned:
            return certificate
        if not may_speak_for_a_ca(certificate):
            continue
        if build_path(certificate, given, trust.anchors, now) is not None:
            return certificate
    raise UntrustedAnswerError(messages.ANSWER_UNTRUSTED.format(answer=answer.describe()))


def _refusal(answer: ReceivedMessage) -> CaRejectedError | None:
    """Read an error, or an ip, cp or kup that refuses; None for what is neither."""
    if answer.body_type is BodyType.ERROR:
        error = decode(ErrorMsgContent, answer.content)
        return rejection(messages.THE_REQUEST, error.pki_status_info, error.error_details)
    if answer.body_type in {BodyType.IP, BodyType.CP, BodyType.KUP}:
        for response in decode(CertRepMessage, answer.content).response:
            if response.status.status == PkiStatus.REJECTION:
                return rejection(messages.THE_REQUEST, response.status)
    return None


def _hearsay(said: CaRejectedError) -> str:
    """Pass on what an unprotected refusal says: it may be what helps, if nothing to rely on."""
    reasons = ", ".join(sorted(said.fail_info)) or messages.NO_REASON
    text = f' ("{said.text}")' if said.text else ""
    return messages.ANSWER_HEARSAY.format(reasons=reasons, text=text)


def _goes_with(answer: ReceivedMessage, certificate: x509.Certificate) -> bool:
    kid = answer.header.sender_kid
    if kid is not None and kid != subject_key_identifier(certificate):
        return False
    sender = name_of(answer.header.sender)
    if sender is None:
        return False
    return sender == _EMPTY_NAME or same_name(sender, certificate.subject.public_bytes())


def check_transaction(
    answer: ReceivedMessage, transaction_id: bytes, nonces: Collection[bytes], now: datetime
) -> None:
    """Require that the answer is to a message with one of the senderNonces `nonces`.

    An error that nothing protects, where that is allowed, may name neither: some CAs answer so what
    they do not know, as EJBCA a genm. It is no answer to anything else either.

    Raise WrongTransactionError, or CmpFormatError for a version that was not asked for.
    """
    header = answer.header
    if header.pvno not in {CMP_2000, CMP_2021}:
        raise CmpFormatError(messages.ANSWER_VERSION.format(pvno=version_text(header.pvno)))
    if not _names_no_transaction(answer):
        if header.transaction_id != transaction_id:
            raise WrongTransactionError(messages.ANSWER_OTHER_TRANSACTION)
        if header.recip_nonce not in nonces:
            raise WrongTransactionError(messages.ANSWER_OTHER_NONCE)
    if len(header.sender_nonce or b"") < _NONCE_BYTES:
        raise WrongTransactionError(messages.ANSWER_NO_NONCE)
    time = header.message_time
    if time is not None and abs(time.as_datetime() - now) > TIME_TOLERANCE:
        raise WrongTransactionError(
            messages.ANSWER_OTHER_TIME.format(
                moment=time.as_datetime().isoformat(), tolerance=TIME_TOLERANCE
            )
        )


def _names_no_transaction(answer: ReceivedMessage) -> bool:
    alone = answer.header.transaction_id is None and answer.header.recip_nonce is None
    return alone and answer.protection is None and answer.body_type is BodyType.ERROR


def version_text(pvno: int) -> str:
    """Show a pvno, which may be a number too long to be printed."""
    return str(pvno) if abs(pvno) < _PRINTED_BELOW else "with a number too long to be shown"


def rejection(
    attempted: str, info: PkiStatusInfo, details: Iterable[str] | None = None
) -> CaRejectedError:
    """Turn a CA's status into an error; its texts are cut and kept to one line."""
    texts = [*(info.status_string or ()), *(details or ())]
    names = fail_names(info)
    kind = CaDownError if names & _DOWN else CaRejectedError
    return kind(attempted, info.status, names, one_line(" ".join(texts)))
