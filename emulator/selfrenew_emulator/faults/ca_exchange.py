# SPDX-License-Identifier: Apache-2.0
"""One exchange with the CA over HTTP, for faults to answer in the CA's place, or to end badly."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from .ca_conduct import HONEST, Conduct
from .ca_trigger import CaTrigger
from .portal import Message, Receive, Scope, Send

CONNECTION = "selfrenew.connection"
"""The ASGI extension by which a server hands over a connection's transport."""
# To close at once and by a reset, whatever is still on its way.
_LINGER = struct.pack("ii", 1, 0)


class Door(Protocol):
    """The listening sockets of a server, which can be shut while it goes on running."""

    def shut(self) -> None:
        """Refuse connections and end those that are there."""

    def open(self) -> None:
        """Take connections again."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer over HTTP; its length is what is announced, even where less of it is sent."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def reset(transport: asyncio.Transport) -> None:
    """Close a connection at once, so that its other end gets an RST."""
    held: socket.socket | None = transport.get_extra_info("socket")
    if held is not None:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    transport.abort()


class CaExchange:
    """A request that waits for its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, last: bytes | None) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.last = last
        """The body of the answer before this one."""

    async def send(self, answer: HttpAnswer) -> None:
        """Answer."""
        await self._send(_start(answer))
        await self._send({"type": "http.response.body", "body": answer.body})

    async def send_slowly(self, answer: HttpAnswer, seconds: float) -> None:
        """Answer byte by byte, with a pause before each, for as long as somebody waits."""
        await self._send(_start(answer))
        gone = asyncio.create_task(self.hung_up())
        for at in range(len(answer.body)):
            await asyncio.wait((gone,), timeout=seconds)
            if gone.done():
                return
            part = answer.body[at : at + 1]
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
        gone.cancel()
        await self._send({"type": "http.response.body", "body": b""})

    async def send_half(self, answer: HttpAnswer) -> None:
        """Announce an answer, send half of it and reset the connection."""
        await self._send(_start(answer))
        part = answer.body[: len(answer.body) // 2]
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self.reset()

    async def reset(self) -> None:
        """Reset the connection, so that its other end gets an RST."""
        transport = self._scope.get("extensions", {}).get(CONNECTION)
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("this server does not hand its connections over, so none can be reset")
        reset(transport)
        await self.hung_up()

    async def hung_up(self) -> None:
        """Return when the other end has gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


Instead = Callable[[CaExchange], Awaitable[None]]
"""Plays a fault before the CA has seen the message; it never does."""
Afterwards = Callable[[CaExchange, HttpAnswer], Awaitable[None]]
"""Plays a fault on the answer of a CA that has acted."""


@dataclass(frozen=True, slots=True)
class CaMisbehaviour:
    """What a fault of the CA is to do, and when."""

    trigger: CaTrigger
    instead: Instead | None = None
    afterwards: Afterwards = CaExchange.send
    conduct: Conduct = HONEST
    shuts: bool = False
    """Whether connections are refused: at once, or from the message on that is waited for."""
    needs_last: bool = False
    """Whether there has to be an answer before this one."""


def _start(answer: HttpAnswer) -> Message:
    headers = [
        ("content-type", answer.content_type),
        ("content-length", str(len(answer.body))),
        *answer.headers,
    ]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http.response.start", "status": answer.status, "headers": raw}
