# SPDX-License-Identifier: Apache-2.0
"""Reading a request's body within limits."""

import asyncio
from dataclasses import dataclass

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope

# What is still on its way is not read, so that the connection is of no more use.
_CLOSE = {"Connection": "close"}


@dataclass(frozen=True)
class Limits:
    """What a client may take: the length of a message, and the time in which it has to be here."""

    message_bytes: int = 1_000_000
    message_seconds: float = 10.0


LIMITS = Limits()


def content_type_of(scope: Scope) -> str:
    """Give a request's content type without parameters, in lower case."""
    return _header(scope, b"content-type").partition(";")[0].strip().lower()


async def read_body(scope: Scope, receive: Receive, limits: Limits = LIMITS) -> bytes | Response:
    """Read a body, nothing where the client went; beyond the limits, give the refusal."""
    try:
        async with asyncio.timeout(limits.message_seconds):
            raw = await _read(scope, receive, limits.message_bytes)
    except TimeoutError:
        told = f"A message has to be here within {limits.message_seconds} seconds."
        return PlainTextResponse(told, 408, _CLOSE)
    if raw is None:
        told = f"A message has at most {limits.message_bytes} bytes here."
        return PlainTextResponse(told, 413, _CLOSE)
    return raw


async def _read(scope: Scope, receive: Receive, most: int) -> bytes | None:
    """Read a body up to a limit; None beyond it, and before it comes where it is announced so."""
    announced = _header(scope, b"content-length")
    if announced.isdecimal() and int(announced[:20]) > most:
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += message.get("body", b"")
        if len(body) > most:
            return None
        more = message.get("more_body", False)
    return bytes(body)


def _header(scope: Scope, wanted: bytes) -> str:
    """Give the first header of a name, in lower case as ASGI has them; nothing without one."""
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value).decode("latin-1")
    return ""
