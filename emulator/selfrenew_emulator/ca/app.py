# SPDX-License-Identifier: Apache-2.0
"""CMP over HTTP (RFC 9811, 3): the paths, the content type, the limits."""

from collections.abc import Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from .body import LIMITS, Limits, content_type_of, read_body
from .profiles import PROFILES, Profile
from .responder import Responder
from .variety import Variety

CONTENT_TYPE = "application/pkixcmp"
_PATH = "/.well-known/cmp"
_PROFILES = f"{_PATH}/p/"
_HEADERS = [(b"content-type", CONTENT_TYPE.encode()), (b"cache-control", b"no-store")]


def create_app(
    responder: Responder,
    others: Iterable[BaseRoute] = (),
    *,
    variety: Variety | None = None,
    limits: Limits = LIMITS,
) -> "CaApplication":
    """Serve a responder at /.well-known/cmp and /.well-known/cmp/p/<profile>, others beside it.

    `variety` None sends every answer with its length.
    """
    # A trailing operation label is allowed and says nothing that the body does not (RFC 9811, 3.4).
    paths = (
        _PATH,
        f"{_PATH}/",
        f"{_PATH}/p/{{profile}}",
        f"{_PATH}/p/{{profile}}/",
        f"{_PATH}/p/{{profile}}/{{operation}}",
        f"{_PATH}/{{operation}}",
    )
    answering = _Answering(responder, variety, limits)
    routes = [Route(path, answering, methods=["POST"]) for path in paths]
    return CaApplication(answering, Starlette(routes=[*routes, *others]))


class CaApplication:
    """The CA's ASGI application: CMP by the shortest way, everything else by its routes."""

    def __init__(self, answering: "_Answering", routed: Starlette) -> None:
        self._answering = answering
        self._routed = routed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            profile = path.removeprefix(_PROFILES) if path.startswith(_PROFILES) else None
            if path == _PATH or profile in PROFILES:
                await self._answering(scope, receive, send, profile)
                return
        await self._routed(scope, receive, send)


class _Answering:
    """Answers at each of the paths."""

    def __init__(self, responder: Responder, variety: Variety | None, limits: Limits) -> None:
        self._responder = responder
        self._variety = variety
        self._limits = limits

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, profile: str | None = None
    ) -> None:
        """Answer one request; the profile is the path's, where no route has found it."""
        name = profile or scope.get("path_params", {}).get("profile")
        refusal = await self._answer(scope, receive, send, name)
        if refusal is not None:
            await refusal(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, name: str | None
    ) -> Response | None:
        profile: Profile | None = None
        if name is not None:
            profile = PROFILES.get(name)
            if profile is None:
                known = ", ".join(PROFILES)
                return PlainTextResponse(f"There is no profile {name}; known: {known}.", 404)
        if content_type_of(scope) != CONTENT_TYPE:
            return PlainTextResponse(f"The content type has to be {CONTENT_TYPE}.", 415)
        raw = await read_body(scope, receive, self._limits)
        if isinstance(raw, Response):
            return raw
        body, readable = self._responder.answer(raw, profile)
        parts = [body]
        if self._variety is not None and scope["http_version"] != "1.0":
            parts = self._variety.parts(body)
        await _send(200 if readable else 400, parts, send)
        return None


async def _send(status: int, parts: list[bytes], send: Send) -> None:
    """Send an answer; in more than one part it is chunked, since no length is announced."""
    length = [(b"content-length", str(len(parts[0])).encode())] if len(parts) == 1 else []
    start: dict[str, Any] = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*_HEADERS, *length]})
    for part in parts[:-1]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": parts[-1]})
