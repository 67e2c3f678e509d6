# SPDX-License-Identifier: Apache-2.0
"""What an answer of the CA says, once its bytes are here (RFC 9810, 5.3; RFC 9811, 3.2)."""

from collections.abc import Iterable

from cryptography import x509

from selfrenew import messages
from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.http import Answer, one_line

from .building import CERT_REQ_ID
from .checking import rejection
from .errors import CaBusyError, CaGatewayError, CmpFormatError, NotCmpError
from .message import ReceivedMessage, decode, decode_list, decode_message, encode
from .structures import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PkiStatus,
    PollRepContent,
)

CONTENT_TYPE = "application/pkixcmp"
_GATEWAY = frozenset({502, 504})
"""A gateway's own: no answer of the server behind it (RFC 9110, 15.6.3 and 15.6.5)."""
ANSWERS = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}
"""The answer that a request for a certificate gets."""


def read_answer(attempted: str, reply: Answer) -> ReceivedMessage:
    """Read an HTTP answer as CMP, of any status (RFC 9811, 3.1). Raise NotCmpError, CaBusyError."""
    if reply.content_type != CONTENT_TYPE:
        if reply.status >= 500:
            kind = CaGatewayError if reply.status in _GATEWAY else CaBusyError
            raise kind(messages.CA_FAILED.format(attempted=attempted, status=reply.status), None)
        what = one_line(reply.content_type) or messages.NO_CONTENT_TYPE
        raise NotCmpError(
            messages.ANSWER_NO_CMP.format(attempted=attempted, status=reply.status, what=what)
        )
    try:
        return decode_message(reply.body)
    except CmpFormatError as error:
        raise NotCmpError(
            messages.ANSWER_BROKEN.format(attempted=attempted, number=len(reply.body), error=error)
        ) from error


def status_of_error(answer: ReceivedMessage) -> int | None:
    """Give the PKIStatus of an error message, None for another message."""
    if answer.body_type is not BodyType.ERROR:
        return None
    return decode(ErrorMsgContent, answer.content).pki_status_info.status


def require(attempted: str, answer: ReceivedMessage, expected: BodyType) -> None:
    """Require a type of answer. Raise CaRejectedError for an error, else CmpFormatError."""
    if answer.body_type is BodyType.ERROR:
        error = decode(ErrorMsgContent, answer.content)
        raise rejection(attempted, error.pki_status_info, error.error_details)
    if answer.body_type is not expected:
        raise CmpFormatError(
            messages.ANSWER_OTHER_TYPE.format(
                attempted=attempted,
                found=answer.body_type.standard_name,
                wanted=expected.standard_name,
            )
        )


def seconds_to_wait(answer: ReceivedMessage, cert_req_id: int) -> int | None:
    """Tell how long to wait before the next pollReq, None when the answer is there.

    Raise CmpFormatError for a pollRep about another request than `cert_req_id`.
    """
    if answer.body_type is BodyType.POLLREP:
        replies = decode_list(PollRepContent, answer.content)
        if any(reply.cert_req_id != cert_req_id for reply in replies):
            raise _other_request(answer)
        return max(1, replies[0].check_after) if replies else 1
    if answer.body_type in ANSWERS.values():
        waiting = single_response(answer).status.status == PkiStatus.WAITING
        return 1 if waiting else None
    return 1 if status_of_error(answer) == PkiStatus.WAITING else None


def single_response(answer: ReceivedMessage) -> CertResponse:
    """Take the response to the one request out of ip, cp or kup. Raise CmpFormatError."""
    responses = decode(CertRepMessage, answer.content).response
    if len(responses) != 1 or responses[0].cert_req_id != CERT_REQ_ID:
        raise _other_request(answer)
    return responses[0]


def _other_request(answer: ReceivedMessage) -> CmpFormatError:
    return CmpFormatError(
        messages.ANSWER_OTHER_REQUEST.format(answer=answer.body_type.standard_name)
    )


def certificate_in(response: CertResponse) -> bytes:
    """Take the certificate out of a response that grants it, as DER. Raise CmpFormatError."""
    pair = response.certified_key_pair
    if pair is None or pair.cert_or_enc_cert.tag != "certificate":
        raise CmpFormatError(messages.NO_CERTIFICATE_SENT)
    return encode(pair.cert_or_enc_cert.value)


def certificates_with(
    answer: ReceivedMessage, known: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """Give what came along with ip, cp or kup, in extraCerts and in caPubs, and can be read.

    Some of it may lead from the new certificate to an anchor; none of it is one for having come.
    `known` are the transaction's extraCerts so far.
    """
    certificates = list(known)
    for item in decode(CertRepMessage, answer.content).ca_pubs or ():
        try:
            certificate = load_certificate(encode(item))
        except UnreadableCertificateError:
            continue
        if certificate not in certificates:
            certificates.append(certificate)
    return certificates
