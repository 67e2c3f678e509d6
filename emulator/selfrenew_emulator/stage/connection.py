# SPDX-License-Identifier: Apache-2.0
"""An HTTP connection that shows the application more of itself than uvicorn's does.

The certificate that its client has shown, by ASGI's TLS extension, for EST; and its transport, so
that a fault can reset it. https://asgi.readthedocs.io/en/latest/specs/tls.html

It gives a client so long for the head of a request, where uvicorn waits for ever; applications
limit the time of a body.
"""

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from selfrenew_emulator.faults import CONNECTION


class ShownConnection(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn serves it, with extensions in each request's scope."""

    head_seconds = 10.0
    """How long the head of a request may take, from the connection or its first byte on."""
    _late: asyncio.TimerHandle | None = None
    _head_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._end_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that came whole, as nearly all do, was not waited for."""
        super().data_received(data)
        if self._head_begun and self._late is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Take a head that is whole."""
        self._head_begun = False
        self._end_waiting()
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """Begin a request's scope."""
        super().on_message_begin()
        self._head_begun = True
        # ASGI leaves extensions to servers; uvicorn's type knows of none of this name.
        extensions: dict[str, Any] = {CONNECTION: self.transport}
        connection: Any = self.transport.get_extra_info("ssl_object")
        der = None if connection is None else connection.getpeercert(binary_form=True)
        if der is not None:
            extensions["tls"] = {"client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)]}
        self.scope["extensions"] = extensions

    def _await_head(self) -> None:
        self._late = self.loop.call_later(self.head_seconds, self._refuse_late)

    def _end_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse_late(self) -> None:
        """Answer 408 (RFC 9110, 15.5.9) and close."""
        told = f"A request's head has to be here within {self.head_seconds} seconds.".encode()
        head = (
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(told)}\r\n"
        )
        headers = self.server_state.default_headers
        dated = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(head.encode() + dated + b"\r\n" + told)
        self.transport.close()
