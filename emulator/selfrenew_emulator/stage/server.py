# SPDX-License-Identifier: Apache-2.0
"""Serves ASGI applications, and what else listens, on loopback from one event-loop thread.

The sockets are bound before the loop starts and `Server.startup` has returned before `start` does,
so an address is known early and readiness is a fact: nothing is polled.
"""

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import uvicorn

from selfrenew_emulator.listeners import close_listeners

from .connection import ShownConnection
from .door import Door
from .errors import PortTakenError

HOST = "127.0.0.1"
CMP_PATH = "/.well-known/cmp"
_DRAIN_SECONDS = 2.0
_TURNS = 10
"""Of the event loop, in which a connection is taken, and what it holds read and begun upon."""
_DATE_SECONDS = 1.0
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
        """The address on this machine, without a path."""
        return url_of(self.listener, tls=self.tls is not None)


class Listening(Protocol):
    """Something else than HTTP that is served in the event loop."""

    async def start(self) -> None:
        """Return when it accepts connections."""

    async def stop(self) -> None:
        """Close its sockets, even where it was not started."""


def url_of(listener: socket.socket, *, tls: bool = False, host: str = HOST) -> str:
    """Give the address of what is served at a listener, of this machine unless told, no path."""
    return f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}"


def bind(port: int = 0, host: str = HOST) -> socket.socket:
    """Bind a port, 0 for any free one, of loopback unless told. Raise PortTakenError."""
    # Named, since asyncio turns Nagle's algorithm (40 ms a request) off only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Listening at once makes a port that another process bound as well fail here, not later.
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTakenError(port, reason, host) from error
    return listener


def bind_again(wanted: int, last: int | None, host: str = HOST) -> socket.socket:
    """Bind the port asked for, else the last start's, else any free one. Raise PortTakenError."""
    if wanted:
        return bind(wanted, host)
    try:
        return bind(last or 0, host)
    except PortTakenError:
        return bind(0, host)


class Servers:
    """Runs the endpoints until it is left; a context manager."""

    def __init__(self, endpoints: Sequence[Endpoint], others: Sequence[Listening] = ()) -> None:
        self._endpoints = tuple(endpoints)
        self._others = tuple(others)
        self._servers: list[uvicorn.Server] = []
        self._doors: list[Door] = []
        self._dating: asyncio.Task[None] | None = None
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

    def catch_up(self) -> None:
        """Return when what had been sent by now is answered, by clients that are gone too."""
        self._call(self._catch_up())

    def door(self, *endpoints: Endpoint) -> Door:
        """Give what refuses connections to some of the endpoints, once all were started."""
        pairs = zip(self._endpoints, self._servers, strict=True)
        servers = [server for endpoint, server in pairs if endpoint in endpoints]
        door = Door(servers, self._loop)
        self._doors.append(door)
        return door

    async def _start(self) -> None:
        for other in self._others:
            await other.start()
        for endpoint in self._endpoints:
            server = uvicorn.Server(_configuration(endpoint))
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            server.servers = []
            self._servers.append(server)
            await server.on_tick(0)
            await server.startup(sockets=[endpoint.listener])
        self._dating = self._loop.create_task(self._date())

    async def _date(self) -> None:
        """Keep the Date of answers, which uvicorn's own loop does beside looking for its end.

        It is this machine's: caches reckon with their own clock, whatever the stage goes by.
        """
        while True:
            await asyncio.sleep(_DATE_SECONDS)
            for server in self._servers:
                await server.on_tick(0)

    async def _stop(self) -> None:
        await close_listeners(*(each for server in self._servers for each in server.servers))
        for other in self._others:
            await other.stop()
        await self._drain()
        for server in self._servers:
            await server.lifespan.shutdown()
        await self._cut()
        for door in self._doors:
            door.close()
        for endpoint in self._endpoints:
            endpoint.listener.close()

    async def _drain(self) -> None:
        # uvicorn's own shutdown sleeps and waits for each client's TLS goodbye; a bench need not.
        for server in self._servers:
            for connection in list(server.server_state.connections):
                connection.shutdown()
        await self._answer_all()

    async def _catch_up(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        await self._answer_all()

    async def _answer_all(self) -> None:
        running = [task for server in self._servers for task in server.server_state.tasks]
        if running:
            await asyncio.wait(running, timeout=_DRAIN_SECONDS)

    async def _cut(self) -> None:
        """End every task, the accepting ones too: a connection is closed by its task, or known."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for server in self._servers:
            for connection in list(server.server_state.connections):
                transport = getattr(connection, "transport", None)
                if transport is not None:
                    transport.abort()
        # Aborted transports report their end in the loop's next turn.
        await asyncio.sleep(0)


def settle() -> None:
    """Take what is in memory for what stays, in a process that does nothing but serve from now on.

    A full garbage collection would look at all of it, the libraries too, while a request waits.
    """
    gc.freeze()


def _configuration(endpoint: Endpoint) -> uvicorn.Config:
    context = endpoint.tls
    return uvicorn.Config(
        endpoint.application,
        http=ShownConnection,
        ws="none",
        lifespan="auto",
        log_config=None,
        access_log=False,
        # Nobody stands before these servers whose word on a client's address could count.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=300,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
