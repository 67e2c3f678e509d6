# SPDX-License-Identifier: Apache-2.0
"""Reading a certificate request out of ir, cr, kur and p10cr."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.cmp.crmf import (
    ID_REG_CTRL_OLD_CERT_ID,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
)
from selfrenew.cmp.errors import CmpFormatError, UnknownAlgorithmError
from selfrenew.cmp.information import InfoType, find_all
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode,
    decode_list,
    encode,
    encode_list,
    name_of,
)
from selfrenew.cmp.protection import ProtectionError, verify_with
from selfrenew.cmp.structures import BodyType, FailureInfo, GenMsgContent, Texts
from selfrenew.cmp.template import names_of, public_key_of, request_parts

from .errors import RequestRefusedError
from .possession import check_possession
from .profiles import PROFILES, Profile
from .requester import Requester
from .subjects import check_subject

P10_CERT_REQ_ID = -1
RSA_BITS = range(2048, 8193)


@dataclass(frozen=True, slots=True)
class RequestedCertificate:
    """What a requester asks for; `old` is the issuer's Name and serial number of oldCertID.

    `issuer` is the Name of the one that is asked, as DER, None for whichever it is; `written` the
    request itself without its proof of possession, which another time is another one. `key_info` is
    the key's SubjectPublicKeyInfo, where it has been encoded already; `left_undone` tells whether
    there are controls that nothing is done about here.
    """

    cert_req_id: int
    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    extensions: x509.Extensions
    not_before: datetime | None = None
    not_after: datetime | None = None
    old: tuple[bytes | None, int] | None = None
    issuer: bytes | None = None
    written: bytes = b""
    key_info: bytes = b""
    left_undone: bool = False

    @property
    def key_hash(self) -> bytes:
        """What the key is known by: the hash of its SubjectPublicKeyInfo."""
        return hashlib.sha256(self.key_info or _key_info(self.public_key)).digest()

    def is_met_by(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate is what was asked for; what was left open may be anything."""
        wanted = (
            (self.subject, certificate.subject, bool(list(self.subject))),
            (self.not_before, certificate.not_valid_before_utc, self.not_before is not None),
            (self.not_after, certificate.not_valid_after_utc, self.not_after is not None),
        )
        if self.left_undone or any(matters and asked != given for asked, given, matters in wanted):
            return False
        if not list(self.extensions):
            return True
        given_extensions = list(certificate.extensions)
        return all(each in given_extensions for each in self.extensions)


def read_request(
    message: ReceivedMessage, requester: Requester, *, verified: bool = False
) -> RequestedCertificate:
    """Read the one request and check that its key was used. Raise RequestRefusedError.

    `verified` takes the requester's word for that, where it is given (RFC 9810, 5.2.8.1).
    """
    try:
        if message.body_type is BodyType.P10CR:
            return read_pkcs10(message.content)
        requests = decode_list(CertReqMessages, message.content)
        if len(requests) > 1:
            raise RequestRefusedError(
                FailureInfo.badRequest, f"one request a message is taken, {len(requests)} came"
            )
        return _read_crmf(_first(requests), requester, verified=verified)
    except UnknownAlgorithmError as error:
        raise RequestRefusedError(FailureInfo.badAlg, str(error)) from error
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error


def named_profiles(
    message: ReceivedMessage, count: int, of_path: Profile | None
) -> list[Profile | None]:
    """Give the profiles that certProfile or the path names for so many requests or questions.

    RFC 9810, 5.1.1.4: they are in that order, and those left without a name have none; RFC 9811,
    3.4. Raise RequestRefusedError where there is no such profile, for more names than requests, and
    where certProfile and the path differ.
    """
    try:
        given = find_all(message.header.general_info, InfoType.CERT_PROFILE)
        names = [name for each in given for name in decode_list(Texts, each or b"")]
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
    if given and not 1 <= len(names) <= count:
        raise RequestRefusedError(
            FailureInfo.badRequest,
            f"certProfile names {len(names)} profiles, and {count} requests are here",
        )
    return [_named(each, of_path) for each in [*names, *[""] * (count - len(names))]]


def _named(name: str, of_path: Profile | None) -> Profile | None:
    if not name:
        return of_path
    named = PROFILES.get(name)
    if named is None:
        raise RequestRefusedError(
            FailureInfo.badRequest, f"certProfile names none of {', '.join(PROFILES)}"
        )
    if of_path not in {None, named}:
        raise RequestRefusedError(
            FailureInfo.badRequest, "certProfile and the path name different profiles"
        )
    return named


def read_pkcs10(raw: bytes) -> RequestedCertificate:
    """Read a PKCS #10 request and check that its key was used. Raise RequestRefusedError."""
    try:
        version, written, key_info, algorithm = request_parts(raw)
        _check_version(version)
        check_subject(written)
        request = x509.load_der_x509_csr(raw)
        subject, public_key = request.subject, request.public_key()
        extensions, covered = request.extensions, request.tbs_certrequest_bytes
        _check_certified_as(key_info, public_key)
        verify_with(algorithm, public_key, request.signature, covered, what="the PKCS #10 request")
    except RequestRefusedError:
        raise
    except (UnknownAlgorithmError, UnsupportedAlgorithm) as error:
        raise RequestRefusedError(FailureInfo.badAlg, str(error)) from error
    except ProtectionError as error:
        raise RequestRefusedError(FailureInfo.badPOP, str(error)) from error
    except Exception as error:
        raise RequestRefusedError(
            FailureInfo.badDataFormat, f"the PKCS #10 request cannot be read: {error}"
        ) from error
    return RequestedCertificate(
        P10_CERT_REQ_ID,
        subject,
        public_key,
        extensions,
        written=covered,
        key_info=key_info,
    )


def _read_crmf(
    request: CertReqMsg, requester: Requester, *, verified: bool
) -> RequestedCertificate:
    template = request.cert_req.cert_template
    if request.cert_req.controls == [] or request.reg_info == []:
        raise CmpFormatError("controls and regInfo hold something, where they are there")
    if request.cert_req.cert_req_id != 0:
        raise RequestRefusedError(FailureInfo.badRequest, "certReqId has to be 0 (RFC 9483, 4.1.1)")
    _check_template(template)
    if template.subject:
        check_subject(encode_list(GenMsgContent(items=template.subject)))
    public_key, key_info = public_key_of(template), encode(template.public_key)
    _check_certified_as(key_info, public_key)
    written = encode(request.cert_req)
    if not (verified and request.popo is not None and request.popo.tag == "raVerified"):
        check_possession(request, public_key, key_info, requester)
    subject, extensions = names_of(template)
    validity = template.validity
    begin, end = (None, None) if validity is None else (validity.not_before, validity.not_after)
    return RequestedCertificate(
        request.cert_req.cert_req_id,
        subject,
        public_key,
        extensions,
        None if begin is None else begin.as_datetime(),
        None if end is None else end.as_datetime(),
        _old_certificate(request),
        # RFC 4211, 5: named where a requester has several CAs to choose from.
        encode_list(GenMsgContent(items=template.issuer)) if template.issuer else None,
        written,
        key_info,
        any(each.type != ID_REG_CTRL_OLD_CERT_ID for each in request.cert_req.controls or ()),
    )


def _key_info(public_key: CertificatePublicKeyTypes) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_certified_as(key_info: bytes, public_key: CertificatePublicKeyTypes) -> None:
    """Check that a certificate would have the key as it was asked for, parameters and all.

    The library writes a key in one form only, and to an RSASSA-PSS key as if it were for any use.
    """
    # Before the key is used: with one that is too long the library would not check anything.
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size not in RSA_BITS:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate,
            f"an RSA key has {RSA_BITS.start} to {RSA_BITS.stop - 1} bits here",
        )
    if key_info != _key_info(public_key):
        raise RequestRefusedError(
            FailureInfo.badCertTemplate,
            "the key is in a form that is not certified here: RSA keys are named rsaEncryption, EC "
            "keys by their curve with an uncompressed point (RFC 3279, RFC 5480)",
        )


def _first(requests: list[CertReqMsg]) -> CertReqMsg:
    if not requests:
        raise CmpFormatError("CertReqMessages hold something (RFC 4211, 3)")
    return requests[0]


def _check_version(version: int) -> None:
    if version != 0:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "a PKCS #10 request has the version 0 (RFC 2986, 4.1)"
        )


def _check_template(template: CertTemplate) -> None:
    if template.public_key is None:
        raise RequestRefusedError(FailureInfo.badCertTemplate, "the template has no public key")
    if template.version not in {None, 2}:
        raise RequestRefusedError(FailureInfo.badCertTemplate, "only version 3 is issued")
    validity = template.validity
    if validity is not None and validity.not_before is None and validity.not_after is None:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "the template's validity has neither time (RFC 4211, 5)"
        )
    if template.extensions == []:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate, "the template's extensions are none (RFC 5280, 4.1)"
        )
    chosen = (template.serial_number, template.signing_alg)
    if any(each is not None for each in chosen) or template.issuer_uid or template.subject_uid:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate,
            "the CA chooses serial number and signature, and no unique IDs (RFC 4211, 5)",
        )


def _old_certificate(request: CertReqMsg) -> tuple[bytes | None, int] | None:
    controls = request.cert_req.controls or ()
    named = [each.value for each in controls if each.type == ID_REG_CTRL_OLD_CERT_ID]
    if len(named) > 1:
        raise RequestRefusedError(
            FailureInfo.badRequest, f"oldCertID names one certificate, and {len(named)} are here"
        )
    if not named:
        return None
    old = decode(CertId, encode(named[0]))
    return name_of(old.issuer), old.serial_number
