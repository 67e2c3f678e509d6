# SPDX-License-Identifier: Apache-2.0
"""Asks an OCSP responder what a certificate counts for, and believes no more than it has to.

RFC 6960, 3.2: the response is about the certificate asked for, signed by its issuer or by one that
the issuer authorised directly, and it is fresh: it has our nonce (RFC 9654), and the times in it
are now. Whoever answers otherwise, or not at all, has said nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from selfrenew.clock import Clock
from selfrenew.cmp.algorithms import identifier
from selfrenew.cmp.errors import CmpError
from selfrenew.cmp.protection import verify_with

from .certificate_status import (
    CertificateState,
    CertificateStatus,
    StatusUnavailableError,
    StatusUntrustedError,
)
from .plain_http import PlainHttp, PlainHttpError
from .randomness import Randomness

REQUEST_TYPE = "application/ocsp-request"
RESPONSE_TYPE = "application/ocsp-response"
NONCE_BYTES = 32
TOLERANCE = timedelta(minutes=1)
"""How far the responder's clock may be off."""
AGE_MAX = timedelta(days=1)
"""How old a status may be that says nothing of how long it counts."""
TIMEOUT_SECONDS = 15.0
"""Somebody waits meanwhile, whose own patience should be longer."""
_RESPONSE_MAX_BYTES = 100_000
_CERTIFICATES_KEPT = 256
_BY_REASON = {
    x509.ReasonFlags.superseded: CertificateState.SUPERSEDED,
    x509.ReasonFlags.certificate_hold: CertificateState.PENDING,
}


class OcspClient:
    """Tells the status of certificates of some issuers; a StatusSource.

    `responder` is asked for all of them, None for each the one that its certificate names. `http`
    is asked by; it is the caller's to start and to stop.
    """

    def __init__(
        self,
        issuers: Sequence[x509.Certificate],
        clock: Clock,
        randomness: Randomness,
        *,
        responder: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        http: PlainHttp | None = None,
    ) -> None:
        self._issuers = tuple(issuers)
        self._clock = clock
        self._randomness = randomness
        self._responder = responder
        self._timeout_seconds = timeout_seconds
        self._http = http or PlainHttp()

    async def __call__(self, certificate: x509.Certificate) -> CertificateStatus:
        """Ask. Raise StatusUnavailableError or StatusUntrustedError."""
        issuer = self._issuer_of(certificate)
        if issuer is None:
            return CertificateStatus(CertificateState.UNKNOWN)
        responder = self._responder or _named_responder(certificate)
        nonce = x509.OCSPNonce(self._randomness(NONCE_BYTES))
        request = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(certificate, issuer, hashes.SHA256())
            .add_extension(nonce, critical=False)
            .build()
        )
        raw = await self._post(responder, request.public_bytes(Encoding.DER))
        try:
            response = ocsp.load_der_ocsp_response(raw)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                name = response.response_status.name.lower()
                raise StatusUnavailableError(f"{responder} gives no status, but {name}")
            check_signer(response, issuer, self._clock())
            if nonce not in [each.value for each in response.extensions]:
                raise StatusUntrustedError("the OCSP response has not the nonce that was sent")
            return _status(_about(response, request), self._clock())
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise StatusUntrustedError(
                f"what {responder} answers cannot be read: {error}"
            ) from error

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        for issuer in self._issuers:
            if _issued_by(certificate, issuer):
                return issuer
        return None

    async def _post(self, url: str, raw: bytes) -> bytes:
        try:
            answer = await self._http.post(
                url,
                raw,
                REQUEST_TYPE,
                max_bytes=_RESPONSE_MAX_BYTES,
                timeout_seconds=self._timeout_seconds,
            )
        except PlainHttpError as error:
            raise StatusUnavailableError(f"{url} cannot be asked: {error}") from error
        if answer.status != HTTPStatus.OK:
            raise StatusUnavailableError(f"{url} answers HTTP {answer.status}")
        if answer.content_type != RESPONSE_TYPE:
            named = answer.content_type or "none"
            raise StatusUnavailableError(f"{url} answers with the content type {named}")
        return answer.body


def _named_responder(certificate: x509.Certificate) -> str:
    for extension in certificate.extensions:
        if not isinstance(extension.value, x509.AuthorityInformationAccess):
            continue
        for access in extension.value:
            place = access.access_location
            if access.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
                place, x509.UniformResourceIdentifier
            ):
                return place.value
    raise StatusUnavailableError("the certificate names no OCSP responder, and none is configured")


def check_signer(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """Check who signed a response, and that they did. Raise StatusUntrustedError."""
    named = [each for each in (issuer, *response.certificates) if _is_named(response, each)]
    if not named:
        raise StatusUntrustedError("the OCSP response does not bring its signer's certificate")
    refusals = []
    for signer in named:
        refusal = None if signer == issuer else _unauthorised(signer, issuer, now)
        if refusal is None:
            return _check_signature(response, signer)
        refusals.append(refusal)
    raise StatusUntrustedError(f"the signer of the OCSP response {refusals[-1]}")


def _check_signature(response: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    try:
        verify_with(
            identifier(response.signature_algorithm_oid),
            signer.public_key(),
            response.signature,
            response.tbs_response_bytes,
            what="the OCSP response",
        )
    except CmpError as error:
        raise StatusUntrustedError("the OCSP response's signature is wrong") from error


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    key_name = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return response.responder_key_hash == key_name.digest


def _unauthorised(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str | None:
    """Say why somebody may not answer for an issuer (RFC 6960, 4.2.2.2), None where they may."""
    refusal = _unauthorised_ever(signer, issuer)
    if refusal is None and not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        return "has a certificate that is not valid now"
    return refusal


# A responder has the same certificate for days, and what is in it does not change.
@lru_cache(maxsize=_CERTIFICATES_KEPT)
def _unauthorised_ever(signer: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Say why somebody may not answer for an issuer, whatever the time."""
    if not _issued_by(signer, issuer):
        return "was not authorised by the issuer of the certificate"
    held = {type(each.value): each.value for each in signer.extensions}
    usage = held.get(x509.ExtendedKeyUsage)
    if not isinstance(usage, x509.ExtendedKeyUsage) or (
        ExtendedKeyUsageOID.OCSP_SIGNING not in usage
    ):
        return "has a certificate for another purpose"
    if x509.OCSPNoCheck not in held:
        # Otherwise it would have to be asked about in its turn (4.2.2.2.1).
        return "has a certificate without id-pkix-ocsp-nocheck"
    return None


# Who relies on a certificate asks about it again and again.
@lru_cache(maxsize=_CERTIFICATES_KEPT)
def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _about(response: ocsp.OCSPResponse, request: ocsp.OCSPRequest) -> ocsp.OCSPSingleResponse:
    """Pick what is about the certificate asked for. Raise StatusUntrustedError."""
    for single in response.responses:
        if (
            single.serial_number == request.serial_number
            and single.hash_algorithm.name == request.hash_algorithm.name
            and single.issuer_name_hash == request.issuer_name_hash
            and single.issuer_key_hash == request.issuer_key_hash
        ):
            return single
    raise StatusUntrustedError("the OCSP response is about another certificate")


def _status(single: ocsp.OCSPSingleResponse, now: datetime) -> CertificateStatus:
    """Read a status that is fresh (RFC 6960, 4.2.2.1). Raise StatusUntrustedError."""
    until = single.next_update_utc or single.this_update_utc + AGE_MAX
    if single.this_update_utc > now + TOLERANCE:
        raise StatusUntrustedError("the OCSP response counts only later than now")
    if until < now - TOLERANCE:
        raise StatusUntrustedError("the OCSP response is out of date")
    match single.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return CertificateStatus(CertificateState.VALID)
        case ocsp.OCSPCertStatus.REVOKED:
            reason = single.revocation_reason
            state = CertificateState.REVOKED
            if reason is not None:
                state = _BY_REASON.get(reason, CertificateState.REVOKED)
            return CertificateStatus(state, single.revocation_time_utc)
    return CertificateStatus(CertificateState.UNKNOWN)
