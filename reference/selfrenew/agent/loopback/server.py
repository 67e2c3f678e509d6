# SPDX-License-Identifier: Apache-2.0
"""Serves the loopback interface from a thread of its own; the port is bound before it starts."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from selfrenew.agent.errors import PortTakenError

from .patience import ImpatientProtocol

HOST = "127.0.0.1"
_CONNECTIONS_MAX = 64
_HEAD_MAX_BYTES = 16 * 1024
_KEEP_ALIVE_SECONDS = 75
_DRAIN_SECONDS = 2
MakeApplication = Callable[[int, asyncio.Event], ASGIApp]
"""Makes the application for a port and the event that ends its streams."""


class LoopbackServer:
    """Binds a port at once, 0 for any free one; enter it to serve, leave it to stop.

    Raise PortTakenError: another program there would be taken for the agent.
    """

    def __init__(
        self, port: int, make_application: MakeApplication, *, request_seconds: float = 10.0
    ) -> None:
        self._listener = _bind(port)
        self.port: int = self._listener.getsockname()[1]
        self._make_application = make_application
        self._request_seconds = request_seconds
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when requests are answered."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self.stop()
            raise self._failure

    def stop(self) -> None:
        """End the streams, let answers under way be sent, and close the port. Twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        self._listener.close()
        if not self._loop.is_closed():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        except BaseException as error:  # noqa: BLE001  told to who started it
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        application = self._make_application(self.port, self._closing)
        server = uvicorn.Server(self._configuration(application))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        server.servers = []
        # uvicorn's own loop wakes up ten times a second to look for its end; this one waits.
        await server.startup(sockets=[self._listener])
        self._ready.set()
        await self._closing.wait()
        await self._stop_accepting()
        await server.shutdown(sockets=[self._listener])
        # It closes those it knew when it began; one may have been on its way in.
        for connection in list(server.server_state.connections):
            connection.transport.abort()

    async def _stop_accepting(self) -> None:
        """Let connections in that are on their way: asyncio loses them where its server closes."""
        if sys.platform != "win32":  # where it accepts without a task
            self._loop.remove_reader(self._listener)
            # Their tasks begin in the loop's next turn, and they are known in the one after it.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def _configuration(self, application: ASGIApp) -> uvicorn.Config:
        seconds = self._request_seconds
        return uvicorn.Config(
            application,
            http=type("_Protocol", (ImpatientProtocol,), {"request_seconds": seconds}),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            h11_max_incomplete_event_size=_HEAD_MAX_BYTES,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )


def _bind(port: int) -> socket.socket:
    # Named, since asyncio turns Nagle's algorithm off only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":
        # There another program could otherwise bind the same port and be asked instead.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_CONNECTIONS_MAX)
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortTakenError(port, getattr(error, "strerror", None) or str(error)) from error
    return listener
