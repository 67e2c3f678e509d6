# SPDX-License-Identifier: Apache-2.0
"""A message's content in words, for a log. Nothing in it is believed yet, so nothing may raise."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.http import one_line

from .crmf import CertReqMessages, CertTemplate
from .errors import CmpFormatError
from .message import decode, decode_list, encode, fail_names
from .structures import (
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
)
from .template import public_key_of, template_request

_REQUESTS = frozenset({BodyType.IR, BodyType.CR, BodyType.KUR})
_RESPONSES = frozenset({BodyType.IP, BodyType.CP, BodyType.KUP})


def describe_content(body_type: BodyType, content: bytes) -> str:
    """Say what a body holds: who asks for which key, which certificate came, what was refused."""
    try:
        return one_line(_describe(body_type, content)) or "nothing"
    except (CmpFormatError, UnreadableCertificateError) as error:
        return one_line(f"malformed ({error})")


def _describe(body_type: BodyType, content: bytes) -> str:
    if body_type in _REQUESTS:
        requests = decode_list(CertReqMessages, content)
        return "; ".join(_request(each.cert_req.cert_template) for each in requests)
    if body_type in _RESPONSES:
        return "; ".join(map(_response, decode(CertRepMessage, content).response))
    if body_type is BodyType.CERTCONF:
        return "; ".join(
            f"certificate with the hash {each.cert_hash.hex()}: "
            + ("accepted" if each.status_info is None else _status(each.status_info))
            for each in decode_list(CertConfirmContent, content)
        )
    if body_type is BodyType.ERROR:
        error = decode(ErrorMsgContent, content)
        return " ".join([_status(error.pki_status_info), *(error.error_details or ())])
    if body_type is BodyType.POLLREP:
        waits = (each.check_after for each in decode_list(PollRepContent, content))
        # A number of any length comes in; Python prints none of thousands of digits.
        words = (str(wait) if wait.bit_length() < 64 else "far too many" for wait in waits)
        return f"ask again in {', '.join(words)} seconds"
    return "no content"


def _request(template: CertTemplate) -> str:
    subject = template_request(template).subject.rfc4514_string()
    return f"{subject}, {_key(public_key_of(template))}"


def _key(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    return type(key).__name__


def _response(response: CertResponse) -> str:
    pair = response.certified_key_pair
    said = _status(response.status)
    if pair is None or pair.cert_or_enc_cert.tag != "certificate":
        return said
    return f"{said}, {_certificate(load_certificate(encode(pair.cert_or_enc_cert.value)))}"


def _certificate(certificate: x509.Certificate) -> str:
    return (
        f"certificate {certificate.serial_number:X} for {certificate.subject.rfc4514_string()}, "
        f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
    )


def _status(info: PkiStatusInfo) -> str:
    try:
        status = PkiStatus(info.status).name.lower()
    except ValueError:
        status = "unknown status"
    return " ".join([status, *sorted(fail_names(info)), *(info.status_string or ())])
