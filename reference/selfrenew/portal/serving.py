# SPDX-License-Identifier: Apache-2.0
"""Serving an application over TLS until the process is told to end."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from .errors import PortTakenError

_ENDING = (signal.SIGINT, signal.SIGTERM)
_DRAIN_SECONDS = 2


def bind(host: str, port: int) -> socket.socket:
    """Listen at an address, 0 being any free port. Raise PortTakenError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise PortTakenError(host, port, error.strerror or str(error)) from error
    return listener


def serve(
    application: ASGIApp, listener: socket.socket, tls: ssl.SSLContext, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM, calling `ready` once connections are accepted."""
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        ssl_context_factory=lambda _config, _default: tls,
    )
    asyncio.run(_serve(_Server(config, ready), listener))


async def _serve(server: "_Server", listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, server.end)
    try:
        await server.serve(sockets=[listener])
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    """Tells when it is ready, and ends in peace: uvicorn's own would raise the signal again."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start and tell."""
        await super().startup(sockets)
        self._ready()

    def end(self) -> None:
        """End as soon as what runs is done."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to who serves."""
        yield
