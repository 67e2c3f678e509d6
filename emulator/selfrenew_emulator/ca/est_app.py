# SPDX-License-Identifier: Apache-2.0
"""EST over HTTPS (RFC 7030, 3 and 4; base64 as RFC 8951 clarifies it).

A client is known by HTTP Basic with an enrolment's reference and secret (3.2.3), or else by its TLS
certificate, where the server tells of it (ASGI's TLS extension). One beside a secret gives no
right, but is what simplereenroll replaces. The label in a path is a profile's name.
"""

import logging
from base64 import b64decode, encodebytes
from ssl import PEM_cert_to_DER_cert

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.cmp.structures import FailureInfo
from selfrenew_emulator.faults import CONNECTION

from .body import Limits, content_type_of, read_body
from .errors import RequestRefusedError
from .est import EstFront
from .profiles import PROFILES, Profile
from .requester import CertifiedRequester, Requester

EST_PATH = "/.well-known/est"
_REQUEST_TYPE = "application/pkcs10"
_CERTIFICATES_TYPE = "application/pkcs7-mime; smime-type=certs-only"
_LIMITS = Limits(message_bytes=50_000)
_NOT_ALLOWED = frozenset(
    {FailureInfo.notAuthorized, FailureInfo.signerNotTrusted, FailureInfo.certRevoked}
)
_log = logging.getLogger(__name__)


def est_routes(est: EstFront) -> list[Route]:
    """Serve a front at /.well-known/est and /.well-known/est/<profile>."""

    async def ca_certificates(request: Request) -> Response:
        _check_tls(request)
        _profile_of(request)
        return _certificates(est.ca_certificates())

    async def attributes(request: Request) -> Response:
        """Say that a request needs nothing more than a subject and a key (4.5.2)."""
        _check_tls(request)
        _profile_of(request)
        return Response(status_code=204)

    async def enroll(request: Request) -> Response:
        _check_tls(request)
        profile = _profile_of(request)
        again = request.url.path.endswith("/simplereenroll")
        try:
            requester = _requester_of(request, est)
            raw = await _request_in(request)
            if isinstance(raw, Response):
                return raw
            shown = _certified(request, est) if again else None
            issued = est.enroll(
                requester, raw, profile, again=again, shown=shown, tls_unique=_tls_unique(request)
            )
            return _certificates(issued)
        except RequestRefusedError as refusal:
            _log.info("EST refused: %s", refusal)
            status = 403 if refusal.reason in _NOT_ALLOWED else 400
            raise HTTPException(status, f"{refusal.text}.") from refusal

    return [
        route
        for prefix in (EST_PATH, f"{EST_PATH}/{{profile}}")
        for route in (
            Route(f"{prefix}/cacerts", ca_certificates, methods=["GET"]),
            Route(f"{prefix}/csrattrs", attributes, methods=["GET"]),
            Route(f"{prefix}/simpleenroll", enroll, methods=["POST"]),
            Route(f"{prefix}/simplereenroll", enroll, methods=["POST"]),
        )
    ]


def _check_tls(request: Request) -> None:
    if request.url.scheme != "https":
        raise HTTPException(403, "EST is spoken over TLS alone (RFC 7030, 3.3): ask by https.")


def _profile_of(request: Request) -> Profile | None:
    name = request.path_params.get("profile")
    if name is None:
        return None
    profile = PROFILES.get(name)
    if profile is None:
        raise HTTPException(404, f"There is no profile {name}; known: {', '.join(PROFILES)}.")
    return profile


def _requester_of(request: Request, est: EstFront) -> Requester:
    """Name who asks. Raise HTTPException for nobody, RequestRefusedError for the wrong one."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        reference, secret = _basic(credentials)
        enrolled = est.by_secret(reference, secret)
        if enrolled is not None:
            return enrolled
        raise _unknown("No enrolment has this reference and secret.")
    known = _certified(request, est)
    if known is not None:
        return known
    # Some clients, as Bouncy Castle's, cannot go on after a body that they did not read.
    raise _unknown("")


def _certified(request: Request, est: EstFront) -> CertifiedRequester | None:
    """Name whose certificate was shown over TLS, None where none was.

    Raise HTTPException for one that cannot be read, RequestRefusedError for the wrong one.
    """
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    for pem in chain:
        try:
            # The client's own is the first; what comes with it names nobody.
            return est.by_certificate(load_certificate(PEM_cert_to_DER_cert(pem)))
        except (UnreadableCertificateError, ValueError) as error:
            raise _unknown("The TLS certificate cannot be read.") from error
    return None


def _tls_unique(request: Request) -> bytes | None:
    """Give the connection's tls-unique (RFC 5929, 3), which TLS 1.3 has none of (RFC 9266, 1)."""
    transport = request.scope.get("extensions", {}).get(CONNECTION)
    connection = None if transport is None else transport.get_extra_info("ssl_object")
    if connection is None or connection.version() != "TLSv1.2":
        return None
    unique: bytes | None = connection.get_channel_binding("tls-unique")
    return unique


def _basic(credentials: str) -> tuple[str, bytes]:
    try:
        user, _, password = b64decode(credentials, validate=True).partition(b":")
        return user.decode(), password
    except ValueError as error:
        raise _unknown("The Basic credentials cannot be read.") from error


def _unknown(text: str) -> HTTPException:
    return HTTPException(401, text, {"WWW-Authenticate": 'Basic realm="EST", charset="UTF-8"'})


async def _request_in(request: Request) -> bytes | Response:
    """Take the PKCS #10 request out of a body. Raise HTTPException."""
    if content_type_of(request.scope) != _REQUEST_TYPE:
        raise HTTPException(415, f"The content type has to be {_REQUEST_TYPE}.")
    raw = await read_body(request.scope, request.receive, _LIMITS)
    if isinstance(raw, Response):
        return raw
    try:
        return b64decode(b"".join(raw.split()), validate=True)
    except ValueError as error:
        raise HTTPException(400, "The body has to be base64 of a PKCS #10 request.") from error


def _certificates(der: bytes) -> Response:
    # The header means nothing in HTTP, though older clients look for it (RFC 8951, 3.1).
    headers = {"Content-Transfer-Encoding": "base64", "Cache-Control": "no-store"}
    return Response(encodebytes(der), media_type=_CERTIFICATES_TYPE, headers=headers)
