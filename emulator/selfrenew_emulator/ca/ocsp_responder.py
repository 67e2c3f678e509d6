# SPDX-License-Identifier: Apache-2.0
"""The OCSP responder: a request in, a response out (RFC 6960, 2 and 4; nonces after RFC 9654).

- A request may name several certificates. The response is signed for the issuer of the first that
  is served here; those of other issuers are unknown in it, to be asked about alone.
- Where no issuer is served here the answer is unauthorized (2.3); where the request cannot be
  read, has no entries or too many, or a nonce of a length that is none, malformedRequest.
- The signature of a signed request is not looked at: everybody is answered alike (4.1.2).
"""

import hashlib
import logging
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus

from selfrenew.clock import Clock
from selfrenew.cmp.algorithms import DIGESTS, oid_of
from selfrenew.cmp.crmf import SubjectPublicKeyInfo
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import check_general_name, decode, encode, tlv
from selfrenew.iso7816 import Tlv

from .authority import Authority
from .ocsp_signer import ResponseSigner, enumerated
from .ocsp_structures import (
    OCSP_NONCE,
    CertId,
    Extension,
    OcspRequest,
    RevokedInfo,
    RevokedInfoWithReason,
    SingleResponse,
)
from .standing import Revocation, Standing, UnknownSerialError

VALIDITY = timedelta(minutes=10)
"""How long a response may be kept; who sends a nonce gets a fresh one anyway."""
REQUESTS_MAX = 100
_NONCE_BYTES = range(1, 129)
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
# CRLReason (RFC 5280, 5.3.1); 7 is not used.
_REASONS = {
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """A request gets no response, but a status that says why."""

    def __init__(self, status: OCSPResponseStatus, text: str) -> None:
        super().__init__(f"{status.name}: {text}")
        self.status = status


class OcspResponder:
    """Answers for every issuer of a CA."""

    def __init__(self, authority: Authority, standing: Standing, clock: Clock) -> None:
        self._standing = standing
        self._clock = clock
        self._signer = ResponseSigner(authority, standing, clock)
        self._issuers = {
            (algorithm.name, *_issuer_hashes(identity.certificate, algorithm)): name
            for name, identity in authority.publishing.items()
            for algorithm in DIGESTS.values()
        }

    def answer(self, raw: bytes) -> bytes:
        """Answer any bytes."""
        try:
            return self._respond(raw)
        except _RefusedError as refusal:
            _log.info("an OCSP request was refused: %s", refusal)
            return _unsuccessful(refusal.status)
        except Exception:  # noqa: BLE001  the one edge: a bug must show as one, and be logged
            _log.exception("an OCSP request failed inside the CA")
            return _unsuccessful(OCSPResponseStatus.INTERNAL_ERROR)

    def _respond(self, raw: bytes) -> bytes:
        try:
            request = decode(OcspRequest, raw).tbs_request
            if request.requestor_name is not None:
                check_general_name(request.requestor_name.name)
        except CmpFormatError as error:
            raise _malformed(str(error)) from error
        asked = request.request_list
        if request.version != 0:
            raise _malformed(f"version {request.version} is not known")
        if not 1 <= len(asked) <= REQUESTS_MAX:
            raise _malformed(f"{len(asked)} certificates are asked about")
        extensions = _answered_extensions(request.request_extensions or [])
        if any(
            extension.critical
            for each in asked
            for extension in each.single_request_extensions or ()
        ):
            raise _malformed("an extension that has to be understood is not known")
        issuers = [self._issuer_of(each.req_cert) for each in asked]
        served = next((name for name in issuers if name is not None), None)
        if served is None:
            raise _RefusedError(OCSPResponseStatus.UNAUTHORIZED, "of no issuer that is served here")
        now = self._clock().replace(microsecond=0)
        responses = [
            self._single(each.req_cert, served if name == served else None, now)
            for each, name in zip(asked, issuers, strict=True)
        ]
        return self._signer.sign(served, responses, extensions)

    def _issuer_of(self, asked: CertId) -> str | None:
        try:
            algorithm = DIGESTS.get(oid_of(asked.hash_algorithm))
        except CmpFormatError as error:
            raise _malformed(str(error)) from error
        if algorithm is None:
            return None
        return self._issuers.get((algorithm.name, asked.issuer_name_hash, asked.issuer_key_hash))

    def _single(self, asked: CertId, issuer: str | None, now: datetime) -> SingleResponse:
        return SingleResponse(
            cert_id=asked,
            cert_status=self._status(issuer, asked.serial_number),
            this_update=GeneralizedTime(now),
            next_update=GeneralizedTime(now + VALIDITY),
        )

    def _status(self, issuer: str | None, serial: int) -> TLV:
        if issuer is None:
            return tlv(bytes(Tlv(_UNKNOWN, b"")))
        try:
            revocation = self._standing.of(issuer, serial)
        except UnknownSerialError:
            return tlv(bytes(Tlv(_UNKNOWN, b"")))
        if revocation is None:
            return tlv(bytes(Tlv(_GOOD, b"")))
        return tlv(bytes(Tlv(_REVOKED, Tlv.from_bytes(encode(_revoked_info(revocation))).value)))


def _revoked_info(revocation: Revocation) -> RevokedInfo | RevokedInfoWithReason:
    since = GeneralizedTime(revocation.since.replace(microsecond=0))
    if revocation.reason is None:
        return RevokedInfo(revocation_time=since)
    reason = enumerated(_REASONS[revocation.reason])
    return RevokedInfoWithReason(revocation_time=since, revocation_reason=reason)


def _answered_extensions(asked: list[Extension]) -> list[Extension]:
    """Give a nonce back; other extensions are left out, as they may be (RFC 6960, 4.4)."""
    answered = []
    for extension in asked:
        if extension.oid == OCSP_NONCE:
            try:
                nonce = decode(bytes, extension.value)
            except CmpFormatError as error:
                raise _malformed(f"the nonce is no OCTET STRING: {error}") from error
            if len(nonce) not in _NONCE_BYTES:
                raise _malformed(f"the nonce has {len(nonce)} bytes")
            answered.append(Extension(oid=OCSP_NONCE, critical=False, value=extension.value))
        elif extension.critical:
            raise _malformed("an extension that has to be understood is not known")
    if len(answered) > 1:
        raise _malformed("there is more than one nonce")
    return answered


def _issuer_hashes(
    issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> tuple[bytes, bytes]:
    """Hash an issuer's name, and its key without what says of which kind it is (4.1.1)."""
    der = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = decode(SubjectPublicKeyInfo, der).subject_public_key.as_bytes()
    name = issuer.subject.public_bytes()
    return hashlib.new(algorithm.name, name).digest(), hashlib.new(algorithm.name, key).digest()


def _malformed(text: str) -> _RefusedError:
    return _RefusedError(OCSPResponseStatus.MALFORMED_REQUEST, text)


def _unsuccessful(status: OCSPResponseStatus) -> bytes:
    return OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
