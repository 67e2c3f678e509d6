# SPDX-License-Identifier: Apache-2.0
"""Revocation at a requester's wish: rr and rp (RFC 9810, 5.3.9 and 5.3.10; RFC 9483, 4.2).

One certificate a message, named by issuer and serial number. Whatever it is refused for is told in
rp, a wrong protection too.
"""

from cryptography import x509
from cryptography.hazmat.asn1 import TLV
from cryptography.x509.oid import CRLEntryExtensionOID

from selfrenew.cmp.crmf import CertId, CertTemplate, Extension, RevDetails, RevReqContent
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode,
    decode_list,
    encode,
    encode_list,
    general_name,
)
from selfrenew.cmp.names import same_name
from selfrenew.cmp.structures import FailureInfo, GenMsgContent
from selfrenew.cmp.template import names_of, public_key_info

from .answers import Answers
from .enrolling import Enroller
from .errors import RequestRefusedError
from .policy import REVOCATION_REASONS, may_revoke
from .profiles import Profile
from .requester import Requester
from .store import Store

# CRLReason (RFC 5280, 5.3.1): its numbers, which the library keeps to itself. 7 is not used.
_REASONS = {
    0: x509.ReasonFlags.unspecified,
    1: x509.ReasonFlags.key_compromise,
    2: x509.ReasonFlags.ca_compromise,
    3: x509.ReasonFlags.affiliation_changed,
    4: x509.ReasonFlags.superseded,
    5: x509.ReasonFlags.cessation_of_operation,
    6: x509.ReasonFlags.certificate_hold,
    8: x509.ReasonFlags.remove_from_crl,
    9: x509.ReasonFlags.privilege_withdrawn,
    10: x509.ReasonFlags.aa_compromise,
}
_ENUMERATED = b"\x0a\x01"


class Revoking:
    """Revokes what a requester may have revoked."""

    def __init__(self, enroller: Enroller, store: Store, answers: Answers) -> None:
        self._enroller = enroller
        self._store = store
        self._answers = answers

    def revoke(
        self, message: ReceivedMessage, requester: Requester, _: Profile | None
    ) -> tuple[bytes, str]:
        """Answer rr."""
        try:
            named, reason = self._obey(message, requester)
        except RequestRefusedError as refusal:
            # Not raised, so that the transaction's ID stays taken.
            return self._answers.refusal(message, requester, refusal), str(refusal)
        told = f"revoked {named.serial_number:x} ({reason.value})"
        return self._answers.revoked(message, requester, named), told

    def _obey(
        self, message: ReceivedMessage, requester: Requester
    ) -> tuple[CertId, x509.ReasonFlags]:
        try:
            details = decode_list(RevReqContent, message.content)
            if len(details) != 1:
                raise RequestRefusedError(
                    FailureInfo.badRequest, f"one certificate a message, {len(details)} came"
                )
            reason = _reason(details[0])
            named = _named(details[0].cert_details)
            self._revoke(requester, details[0].cert_details, reason)
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
        return named, reason

    def _revoke(
        self, requester: Requester, template: CertTemplate, reason: x509.ReasonFlags
    ) -> None:
        record = self._store.find(template.serial_number or 0)
        if (
            record is None
            or not _describes(template, record.certificate)
            or not _has(record.certificate, template.extensions)
        ):
            raise RequestRefusedError(
                FailureInfo.badCertId, "no certificate like that was issued here"
            )
        if not may_revoke(requester.right, record):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "only its holder may have a certificate revoked"
            )
        if reason not in REVOCATION_REASONS:
            raise RequestRefusedError(
                FailureInfo.badRequest, f"certificates are revoked for good here, no {reason.value}"
            )
        if not self._enroller.revoke(record.certificate.serial_number, reason):
            raise RequestRefusedError(
                FailureInfo.certRevoked, f"this certificate was {record.state.value} before"
            )


def _named(template: CertTemplate) -> CertId:
    if template.version not in {None, 2}:
        raise RequestRefusedError(FailureInfo.badRequest, "only version 3 was issued")
    if template.serial_number is None or template.issuer is None:
        raise RequestRefusedError(
            FailureInfo.addInfoNotAvailable, "issuer and serialNumber name what is to be revoked"
        )
    issuer = encode_list(GenMsgContent(items=template.issuer))
    return CertId(issuer=general_name(issuer), serial_number=template.serial_number)


def _describes(template: CertTemplate, certificate: x509.Certificate) -> bool:
    """Tell whether what a template says besides the number is the certificate's too."""
    names = [(template.issuer, certificate.issuer)]
    if template.subject:
        names.append((template.subject, certificate.subject))
    alike = all(
        same_name(encode_list(GenMsgContent(items=said or [])), name.public_bytes())
        for said, name in names
    )
    key = template.public_key
    return alike and (
        key is None or encode(key) == encode(public_key_info(certificate.public_key()))
    )


def _has(certificate: x509.Certificate, said: list[TLV] | None) -> bool:
    """Tell whether extensions that a template names are the certificate's too."""
    if not said:
        return True
    key = public_key_info(certificate.public_key())
    _, wanted = names_of(CertTemplate(public_key=key, extensions=said))
    return all(each in list(certificate.extensions) for each in wanted)


def _reason(details: RevDetails) -> x509.ReasonFlags:
    """Read the reasonCode, which is an ENUMERATED; without one it is unspecified."""
    reasons = []
    for raw in details.crl_entry_details or ():
        extension = decode(Extension, encode(raw))
        if extension.oid != CRLEntryExtensionOID.CRL_REASON:
            if extension.critical:
                raise RequestRefusedError(
                    FailureInfo.unacceptedExtension,
                    f"the extension {extension.oid.dotted_string} of a CRL entry is not known here",
                )
            continue
        head, number = extension.value[:2], extension.value[2:]
        if head != _ENUMERATED or len(number) != 1 or number[0] not in _REASONS:
            raise RequestRefusedError(FailureInfo.badDataFormat, "the reasonCode is none")
        reasons.append(_REASONS[number[0]])
    if len(reasons) > 1:
        raise RequestRefusedError(FailureInfo.badRequest, "a certificate is revoked for one reason")
    return reasons[0] if reasons else x509.ReasonFlags.unspecified
