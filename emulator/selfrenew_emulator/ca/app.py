# SPDX-License-Identifier: Apache-2.0
"""CMP over HTTP (RFC 9811, 3): the paths, the content type, the limits."""

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .profiles import PROFILES, Profile
from .responder import Responder

CONTENT_TYPE = "application/pkixcmp"
MAX_BYTES = 1_000_000
_PATH = "/.well-known/cmp"


def create_app(responder: Responder) -> Starlette:
    """Serve a responder at /.well-known/cmp and /.well-known/cmp/p/<profile>."""

    async def answer(request: Request) -> Response:
        name = request.path_params.get("profile")
        profile: Profile | None = None
        if name is not None:
            profile = PROFILES.get(name)
            if profile is None:
                known = ", ".join(PROFILES)
                return PlainTextResponse(f"There is no profile {name}; known: {known}.", 404)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != CONTENT_TYPE:
            return PlainTextResponse(f"The content type has to be {CONTENT_TYPE}.", 415)
        raw = await _read(request)
        if raw is None:
            return PlainTextResponse(f"A message has at most {MAX_BYTES} bytes.", 413)
        body, readable = responder.answer(raw, profile)
        return Response(
            body,
            200 if readable else 400,
            media_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store"},
        )

    # A trailing operation label is allowed and says nothing that the body does not (RFC 9811, 3.4).
    paths = (
        _PATH,
        f"{_PATH}/",
        f"{_PATH}/p/{{profile}}",
        f"{_PATH}/p/{{profile}}/{{operation}}",
        f"{_PATH}/{{operation}}",
    )
    return Starlette(routes=[Route(path, answer, methods=["POST"]) for path in paths])


async def _read(request: Request) -> bytes | None:
    """Read a body up to the limit; None beyond it."""
    parts = bytearray()
    try:
        async for part in request.stream():
            parts += part
            if len(parts) > MAX_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(parts)
