# SPDX-License-Identifier: Apache-2.0
"""Reading a certificate request out of ir, cr, kur and p10cr, with its proof of possession."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from selfrenew.cmp.crmf import (
    ID_REG_CTRL_OLD_CERT_ID,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
)
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, decode, decode_list, encode, name_of
from selfrenew.cmp.protection import ProtectionError, verify_with
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew.cmp.template import public_key_of, template_request

from .errors import RequestRefusedError

P10_CERT_REQ_ID = -1


@dataclass(frozen=True, slots=True)
class RequestedCertificate:
    """What a requester asks for; `old` is the issuer's Name and serial number of oldCertID."""

    cert_req_id: int
    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    extensions: x509.Extensions
    not_before: datetime | None = None
    not_after: datetime | None = None
    old: tuple[bytes | None, int] | None = None


def read_request(message: ReceivedMessage) -> RequestedCertificate:
    """Read the one request and check that its key was used. Raise RequestRefusedError."""
    try:
        if message.body_type is BodyType.P10CR:
            return _read_pkcs10(message.content)
        requests = decode_list(CertReqMessages, message.content)
        if len(requests) != 1:
            raise RequestRefusedError(
                FailureInfo.badRequest, f"one request a message is taken, {len(requests)} came"
            )
        return _read_crmf(requests[0])
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error


def _read_pkcs10(raw: bytes) -> RequestedCertificate:
    try:
        request = x509.load_der_x509_csr(raw)
        public_key, extensions = request.public_key(), request.extensions
        valid = request.is_signature_valid
    except Exception as error:
        raise RequestRefusedError(
            FailureInfo.badDataFormat, f"the PKCS #10 request cannot be read: {error}"
        ) from error
    if not valid:
        raise RequestRefusedError(FailureInfo.badPOP, "the PKCS #10 request is not self-signed")
    return RequestedCertificate(
        P10_CERT_REQ_ID,
        request.subject,
        public_key,
        extensions,
    )


def _read_crmf(request: CertReqMsg) -> RequestedCertificate:
    template = request.cert_req.cert_template
    if request.cert_req.cert_req_id != 0:
        raise RequestRefusedError(FailureInfo.badRequest, "certReqId has to be 0 (RFC 9483, 4.1.1)")
    _check_template(template)
    public_key = public_key_of(template)
    _check_possession(request, public_key)
    framed = template_request(template)
    validity = template.validity
    begin, end = (None, None) if validity is None else (validity.not_before, validity.not_after)
    return RequestedCertificate(
        request.cert_req.cert_req_id,
        framed.subject,
        public_key,
        framed.extensions,
        None if begin is None else begin.as_datetime(),
        None if end is None else end.as_datetime(),
        _old_certificate(request),
    )


def _check_template(template: CertTemplate) -> None:
    if template.public_key is None:
        raise RequestRefusedError(FailureInfo.badCertTemplate, "the template has no public key")
    if template.version not in {None, 2}:
        raise RequestRefusedError(FailureInfo.badCertTemplate, "only version 3 is issued")
    if template.serial_number is not None or template.issuer_uid or template.subject_uid:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "the CA chooses the serial number, and no unique IDs"
        )


def _check_possession(request: CertReqMsg, public_key: CertificatePublicKeyTypes) -> None:
    popo = request.popo
    if popo is None:
        raise RequestRefusedError(FailureInfo.badPOP, "there is no proof of possession")
    if popo.tag != "signature":
        raise RequestRefusedError(
            FailureInfo.badPOP, f"proof of possession by {popo.tag} is not taken here"
        )
    proof = popo.value
    if proof.poposk_input is not None:  # type: ignore[union-attr]
        raise RequestRefusedError(
            FailureInfo.badPOP, "poposkInput is for templates without subject and key"
        )
    try:
        verify_with(
            proof.algorithm_identifier,  # type: ignore[union-attr]
            public_key,
            proof.signature.as_bytes(),  # type: ignore[union-attr]
            encode(request.cert_req),
            what="the proof of possession",
        )
    except ProtectionError as error:
        raise RequestRefusedError(FailureInfo.badPOP, str(error)) from error


def _old_certificate(request: CertReqMsg) -> tuple[bytes | None, int] | None:
    for control in request.cert_req.controls or ():
        if control.type == ID_REG_CTRL_OLD_CERT_ID:
            old = decode(CertId, encode(control.value))
            return name_of(old.issuer), old.serial_number
    return None
