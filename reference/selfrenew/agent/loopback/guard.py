# SPDX-License-Identifier: Apache-2.0
"""What stands before every route: Host, Origin, rate, preflights, and what a request may carry.

A page of another site can address a loopback port. The browser tells it by Origin, and a name that
was rebound to 127.0.0.1 by Host; both are on lists, compared as they stand.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import ProblemError
from .rate import Bucket

BODY_MAX_BYTES = 8 * 1024
_METHODS = "GET, POST"
_HEADERS = "Authorization, Content-Type, Last-Event-ID"
_PREFLIGHT_SECONDS = "600"
Language = Callable[[str], AbstractContextManager[object]]
"""Speaks, within it, the language that an Accept-Language header wants."""


class Guard:
    """Wraps the application: what it does not let through, no route sees."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        port: int,
        origin: str,
        measure: Callable[[], float] = time.monotonic,
        language: Language = lambda _: nullcontext(),
    ) -> None:
        self._application = application
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._origin = origin
        self._language = language
        self._page = Bucket(60, 20, measure)
        # Apart, so that other pages cannot use up what is the portal's.
        self._strangers = Bucket(20, 2, measure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        with self._language(Headers(scope=scope).get("accept-language", "")):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        friend = headers.getlist("origin") == [self._origin]

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), self._origin if friend else None)
            await send(message)

        try:
            self._admit(headers, friend=friend)
            response = _preflight(headers) if scope["method"] == "OPTIONS" else None
            if response is None:
                _judge_method(scope["method"])
                _judge_body(scope["method"], headers)
        except ProblemError as problem:
            response = problem.response()
            # What was announced and not read must not be taken for the next request.
            response.headers["connection"] = "close"
        if response is not None:
            await response(scope, receive, send_on)
            return
        await self._application(scope, receive, send_on)

    def _admit(self, headers: Headers, *, friend: bool) -> None:
        hosts = headers.getlist("host")
        known = len(hosts) == 1 and hosts[0].lower() in self._hosts
        (self._page if known and friend else self._strangers).take()
        if not known:
            raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host")
        if not friend:
            raise ProblemError(HTTPStatus.FORBIDDEN, "wrong_origin")


def _preflight(headers: Headers) -> Response:
    """Answer what a browser asks before a page's request (Fetch, 4.8)."""
    allowed = {
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": _HEADERS,
        "access-control-max-age": _PREFLIGHT_SECONDS,
    }
    if headers.get("access-control-request-private-network") == "true":
        # Private Network Access; browsers with Local Network Access ask their user instead.
        allowed["access-control-allow-private-network"] = "true"
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)


def _judge_method(method: str) -> None:
    # HEAD too: the head of a stream would wait for its end.
    if method not in {"GET", "POST"}:
        allow = {"allow": _METHODS}
        raise ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", headers=allow)


def _judge_body(method: str, headers: Headers) -> None:
    length = headers.get("content-length", "0")
    chunked = "transfer-encoding" in headers
    if method != "POST":
        if chunked or length != "0":
            raise ProblemError(HTTPStatus.BAD_REQUEST, "unexpected_body")
        return
    if not length.isdecimal() or len(length) > 9 or int(length) > BODY_MAX_BYTES:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json")


def _add_headers(headers: MutableHeaders, origin: str | None) -> None:
    """Keep answers out of caches and out of the reach of other pages."""
    headers["cache-control"] = "no-store"
    headers["x-content-type-options"] = "nosniff"
    headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"
    headers["cross-origin-resource-policy"] = "cross-origin" if origin else "same-origin"
    headers["referrer-policy"] = "no-referrer"
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = "Retry-After"
