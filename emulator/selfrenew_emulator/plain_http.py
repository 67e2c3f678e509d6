# SPDX-License-Identifier: Apache-2.0
"""POST over plain HTTP in the event loop, on connections that may be kept.

It is for what is protected by itself, so there is no TLS. A client with pools and proxies takes
several times as long for it, and this stands in the way of every sign-in.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import h11

_NOTHING_CAME = "the answer is no whole HTTP answer: nothing came"


class PlainHttpError(Exception):
    """No whole answer came, and why."""


class _GoneError(PlainHttpError):
    """The connection ended before anything of an answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, its body read to the end; `content_type` is without parameters, in lower case."""

    status: int
    content_type: str
    body: bytes


class PlainHttp:
    """Posts to http addresses.

    From `start` to `stop` connections are kept for the next post, in that event loop alone, since
    they are closed there; elsewhere each post has one of its own.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: defaultdict[tuple[str, int], list[_Connection]] = defaultdict(list)

    async def start(self) -> None:
        """Keep connections from now on."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Close what was kept; stopping twice is harmless."""
        self._loop = None
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.close()

    async def post(
        self, url: str, body: bytes, content_type: str, *, max_bytes: int, timeout_seconds: float
    ) -> Answer:
        """Post a body to an http address. Raise PlainHttpError."""
        keeps = self._loop is not None and self._loop is asyncio.get_running_loop()
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 80
        except ValueError as error:
            raise PlainHttpError(f"{url} is no address: {error}") from error
        if parts.scheme != "http" or host is None:
            raise PlainHttpError(f"{url} is no http address")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [
            ("Host", parts.netloc.rpartition("@")[2]),
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
        ]
        if not keeps:
            headers.append(("Connection", "close"))
        try:
            request = h11.Request(method="POST", target=target, headers=headers)
            async with asyncio.timeout(timeout_seconds):
                return await self._post((host, port), request, body, max_bytes)
        except TimeoutError as error:
            raise PlainHttpError(f"no answer came within {timeout_seconds:g} seconds") from error
        except OSError as error:
            raise PlainHttpError(error.strerror or str(error)) from error
        except h11.ProtocolError as error:
            raise PlainHttpError(f"the answer is no whole HTTP answer: {error}") from error

    async def _post(
        self, place: tuple[str, int], request: h11.Request, body: bytes, max_bytes: int
    ) -> Answer:
        kept = self._kept(place)
        if kept is not None:
            try:
                return await self._exchange(place, kept, request, body, max_bytes)
            except (_GoneError, ConnectionError):
                # Closed while it was idle, most likely. What is posted here are questions, and to
                # ask one again does no harm (RFC 9110, 9.2.2).
                pass
        loop = asyncio.get_running_loop()
        _, fresh = await loop.create_connection(_Connection, *place)
        return await self._exchange(place, fresh, request, body, max_bytes)

    def _kept(self, place: tuple[str, int]) -> "_Connection | None":
        if self._loop is not asyncio.get_running_loop():
            return None
        idle = self._idle[place]
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return None

    async def _exchange(
        self,
        place: tuple[str, int],
        connection: "_Connection",
        request: h11.Request,
        body: bytes,
        max_bytes: int,
    ) -> Answer:
        try:
            answer = await connection.exchange(request, body, max_bytes)
        except BaseException:
            connection.close()
            raise
        if self._loop is asyncio.get_running_loop() and connection.usable:
            self._idle[place].append(connection)
        else:
            connection.close()
        return answer


class _Connection(asyncio.Protocol):
    """A connection, for one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._state = h11.Connection(h11.CLIENT)
        self._waiting: asyncio.Future[Answer] | None = None
        self._heard = False
        self._max_bytes = 0
        self._head: h11.Response | None = None
        self._body = bytearray()

    @property
    def usable(self) -> bool:
        """Tell whether another request may be sent, as far as this side has heard."""
        ready = self._state.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
        return ready and self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Close it; closing twice is harmless."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)

    async def exchange(self, request: h11.Request, body: bytes, max_bytes: int) -> Answer:
        """Send a request and read its answer. Raise PlainHttpError, OSError, h11.ProtocolError."""
        parts = (request, h11.Data(data=body), h11.EndOfMessage())
        raw = b"".join(self._state.send(part) or b"" for part in parts)
        self._heard, self._head, self._body, self._max_bytes = False, None, bytearray(), max_bytes
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            raise _GoneError(_NOTHING_CAME)
        self._transport.write(raw)
        answer = await self._waiting
        if self._state.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE} and (
            not self._state.trailing_data[0]
        ):
            self._state.start_next_cycle()
        return answer

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._waiting is None or self._waiting.done():
            # Nobody has asked, and the next question would get it for its answer.
            self.close()
        else:
            self._heard = True
            self._read(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Read the end, which may be that of an answer too."""
        if self._waiting is None or self._waiting.done():
            return
        if error is not None:
            self._waiting.set_exception(error)
        elif not self._heard:
            self._waiting.set_exception(_GoneError(_NOTHING_CAME))
        else:
            self._read(b"")

    def _read(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None:
            return
        try:
            self._state.receive_data(data)
            answer = self._next_answer()
        except (PlainHttpError, h11.ProtocolError) as error:
            waiting.set_exception(error)
        else:
            if answer is not None:
                waiting.set_result(answer)

    def _next_answer(self) -> Answer | None:
        """Take what has come so far; give the answer once it is whole."""
        while True:
            event = self._state.next_event()
            if isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._max_bytes:
                    raise PlainHttpError(f"the answer has more than {self._max_bytes} bytes")
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                named = dict(self._head.headers).get(b"content-type", b"")
                content_type = named.decode("ascii", "replace").partition(";")[0].strip().lower()
                return Answer(self._head.status_code, content_type, bytes(self._body))
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return None
