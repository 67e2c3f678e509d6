# SPDX-License-Identifier: Apache-2.0
"""OCSP and CRLs over HTTP: RFC 6960, appendix A; RFC 5280, 4.2.1.13 and 4.2.2.1."""

from base64 import b64decode
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .authority import Authority
from .body import Limits, content_type_of, read_body
from .crls import RevocationLists
from .ocsp_responder import OcspResponder
from .publication import CERTIFICATE_PATH, CRL_PATH, OCSP_PATH

OCSP_REQUEST_TYPE = "application/ocsp-request"
OCSP_RESPONSE_TYPE = "application/ocsp-response"
_CRL_TYPE = "application/pkix-crl"
_CERTIFICATE_TYPE = "application/pkix-cert"
_CERTIFICATES_TYPE = "application/pkcs7-mime; smime-type=certs-only"
OCSP_LIMITS = Limits(message_bytes=20_000)


def ocsp_routes(responder: OcspResponder) -> list[Route]:
    """Serve a responder by POST and GET."""

    async def ask_by_post(request: Request) -> Response:
        if content_type_of(request.scope) != OCSP_REQUEST_TYPE:
            return PlainTextResponse(f"The content type has to be {OCSP_REQUEST_TYPE}.", 415)
        raw = await read_body(request.scope, request.receive, OCSP_LIMITS)
        if isinstance(raw, Response):
            return raw
        return _ocsp(responder.answer(raw))

    async def ask_by_get(request: Request) -> Response:
        return _ocsp(responder.answer(_request_in(request)))

    return [
        Route(OCSP_PATH, ask_by_post, methods=["POST"]),
        # Some clients put a slash after the address before they ask by POST.
        Route(f"{OCSP_PATH}/", ask_by_post, methods=["POST"]),
        Route(f"{OCSP_PATH}/{{request:path}}", ask_by_get, methods=["GET"]),
    ]


def publication_routes(authority: Authority, lists: RevocationLists) -> list[Route]:
    """Serve each issuer's CRL and its own certificate."""
    issuers = {name: each.certificate for name, each in authority.publishing.items()}

    def issuer(request: Request) -> str:
        name = str(request.path_params["name"])
        if name not in issuers:
            raise HTTPException(404, f"There is no issuer {name}; known: {', '.join(issuers)}.")
        return name

    async def crl(request: Request) -> Response:
        # Always to be asked for again, since it may have changed at any moment.
        headers = {"Cache-Control": "no-cache"}
        return Response(lists.current(issuer(request)), media_type=_CRL_TYPE, headers=headers)

    async def certificate(request: Request) -> Response:
        body = issuers[issuer(request)].public_bytes(Encoding.DER)
        return Response(body, media_type=_CERTIFICATE_TYPE)

    async def certificates(request: Request) -> Response:
        body = pkcs7.serialize_certificates([issuers[issuer(request)]], Encoding.DER)
        return Response(body, media_type=_CERTIFICATES_TYPE)

    return [
        Route(f"{CRL_PATH}/{{name}}.crl", crl, methods=["GET"]),
        Route(f"{CERTIFICATE_PATH}/{{name}}.cer", certificate, methods=["GET"]),
        Route(f"{CERTIFICATE_PATH}/{{name}}.p7c", certificates, methods=["GET"]),
    ]


def _request_in(request: Request) -> bytes:
    """Take the request out of the path: base64, then escaped (RFC 6960, A.1).

    Its own slashes may come bare, so the path is read as it was sent. Nothing that can be read
    gives nothing, which is malformed.
    """
    raw_path = request.scope.get("raw_path") or request.url.path.encode()
    escaped = raw_path.partition(f"{OCSP_PATH}/".encode())[2]
    try:
        return b64decode(unquote_to_bytes(escaped), validate=True)
    except ValueError:
        return b""


def _ocsp(answer: bytes) -> Response:
    return Response(answer, media_type=OCSP_RESPONSE_TYPE, headers={"Cache-Control": "no-store"})
