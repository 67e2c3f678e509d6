# SPDX-License-Identifier: Apache-2.0
"""Requests to a stage's services without sockets: a call of the application in this thread.

A handshake and two switches of threads a request cost more than what most requests have done.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from selfrenew_emulator.faults import CONNECTION
from selfrenew_emulator.plain_http import Answer, PlainHttp


class InProcess(httpx.BaseTransport):
    """Answers with the application at each address, by host and port, once they are given.

    `status_http` is for the services, which ask by it for the standing of certificates.
    """

    def __init__(self) -> None:
        self._applications: Mapping[str, Any] = {}
        self._shut: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self.status_http = _StatusHttp(self._loop)

    def serve(self, applications: Mapping[str, Any], status: Any) -> None:
        """Answer with these; `status` is what tells the standing of certificates."""
        self._applications = applications
        self.status_http.application = status

    def door(self, *addresses: str) -> "InProcessDoor":
        """Give what refuses connections to some addresses."""
        return InProcessDoor(self._shut, addresses)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Have a request answered. Raise httpx.ConnectError where nobody is at the address."""
        address = request.url.netloc.decode()
        application = self._applications.get(address)
        if application is None or address in self._shut:
            raise httpx.ConnectError("nobody is there", request=request)
        return self._loop.run_until_complete(_answer(application, request))

    def close(self) -> None:
        """End the event loop."""
        self._loop.close()


class _StatusHttp(PlainHttp):
    """Posts to an application in one event loop, and by the network in any other."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._here = loop
        self.application: Any = None

    async def post(
        self, url: str, body: bytes, content_type: str, *, max_bytes: int, timeout_seconds: float
    ) -> Answer:
        """Post a body. Raise PlainHttpError."""
        if asyncio.get_running_loop() is not self._here:
            return await super().post(
                url, body, content_type, max_bytes=max_bytes, timeout_seconds=timeout_seconds
            )
        headers = {"content-type": content_type}
        request = httpx.Request("POST", url, headers=headers, content=body)
        response = await _answer(self.application, request)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, kind, response.read())


class InProcessDoor:
    """Shuts and opens addresses, as the door of a server does its sockets."""

    def __init__(self, shut: set[str], addresses: Iterable[str]) -> None:
        self._all_shut = shut
        self._addresses = frozenset(addresses)

    def shut(self) -> None:
        """Refuse connections."""
        self._all_shut |= self._addresses

    def open(self) -> None:
        """Take them again."""
        self._all_shut -= self._addresses


class _Connection(asyncio.Transport):
    """A connection for faults to reset."""

    aborted = False

    def abort(self) -> None:
        """Reset it."""
        self.aborted = True


async def _answer(application: Any, request: httpx.Request) -> httpx.Response:
    url, body, connection = request.url, request.read(), _Connection()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
        "extensions": {CONNECTION: connection},
    }
    sent: list[Mapping[str, Any]] = []
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if connection.aborted:
        raise httpx.ReadError("the connection was reset", request=request)
    if not sent or sent[-1].get("more_body", False):
        # Whoever plays this has waited for its client to go, who goes when its time is over.
        raise httpx.ReadTimeout("nothing came in time", request=request)
    start, *parts = sent
    content = b"".join(part.get("body", b"") for part in parts)
    return httpx.Response(
        start["status"], headers=start["headers"], stream=httpx.ByteStream(content)
    )
