# SPDX-License-Identifier: Apache-2.0
"""Serves ASGI applications on loopback from one event-loop thread.

The sockets are bound before the loop starts and `Server.startup` has returned before `start` does,
so an address is known early and readiness is a fact: nothing is polled.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import uvicorn

from .errors import PortTakenError

HOST = "127.0.0.1"
_DRAIN_SECONDS = 2.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An application at a bound address; with a TLS context it speaks https."""

    application: Any
    listener: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"


def bind(port: int = 0) -> socket.socket:
    """Bind a loopback port, 0 for any free one. Raise PortTakenError."""
    # Named, since asyncio turns Nagle's algorithm (40 ms a request) off only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # Listening at once makes a port that another process bound as well fail here, not later.
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTakenError(port, reason) from error
    return listener


class Servers:
    """Runs the endpoints until it is left; a context manager."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)
        self._servers: list[uvicorn.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="selfrenew-stage", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when every endpoint accepts connections."""
        self._thread.start()
        try:
            self._call(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End what runs, close every connection and return when the thread has ended."""
        if self._loop.is_closed():
            return
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def _call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        future: Future[_Result] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    async def _start(self) -> None:
        for endpoint in self._endpoints:
            server = uvicorn.Server(_configuration(endpoint))
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            server.servers = []
            self._servers.append(server)
            await server.startup(sockets=[endpoint.listener])

    async def _stop(self) -> None:
        # uvicorn's own shutdown sleeps and waits for each client's TLS goodbye; a bench need not.
        for server in self._servers:
            for listening in server.servers:
                listening.close()
            for connection in list(server.server_state.connections):
                connection.shutdown()
        running = [task for server in self._servers for task in server.server_state.tasks]
        if running:
            _, late = await asyncio.wait(running, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()
        for server in self._servers:
            for connection in list(server.server_state.connections):
                transport = getattr(connection, "transport", None)
                if transport is not None:
                    transport.abort()
            await server.lifespan.shutdown()
        # Aborted transports report their end in the loop's next turn.
        await asyncio.sleep(0)
        for endpoint in self._endpoints:
            endpoint.listener.close()


def _configuration(endpoint: Endpoint) -> uvicorn.Config:
    context = endpoint.tls
    return uvicorn.Config(
        endpoint.application,
        http="httptools",
        ws="none",
        lifespan="auto",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=300,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
