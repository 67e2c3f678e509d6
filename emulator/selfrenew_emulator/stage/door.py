# SPDX-License-Identifier: Apache-2.0
"""The listening sockets of running servers, shut and opened again while the servers go on.

A port that is bound and not listened on refuses connections as one that nobody has, and stays ours.
"""

import asyncio
import functools
import socket
from collections.abc import Sequence

import uvicorn

from selfrenew_emulator.faults import reset
from selfrenew_emulator.listeners import close_listeners, stop_accepting

from .connection import ShownConnection

_BACKLOG = 128


class Door:
    """Shuts some servers, from any thread, and opens them from any but their event loop's."""

    def __init__(self, servers: Sequence[uvicorn.Server], loop: asyncio.AbstractEventLoop) -> None:
        self._servers = tuple(servers)
        self._loop = loop
        self._held: dict[int, socket.socket] = {}
        self._shutting: asyncio.Task[None] | None = None

    def shut(self) -> None:
        """Refuse connections, and reset those that are there.

        Return when it is so; in the servers' own event loop, where that cannot be waited for, when
        it is about to be.
        """
        if _runs_here(self._loop):
            self._shut()
        else:
            asyncio.run_coroutine_threadsafe(self._shut_there(), self._loop).result()

    def open(self) -> None:
        """Take connections again; return when it is so."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def close(self) -> None:
        """Give the ports back that are held shut."""
        while self._held:
            self._held.popitem()[1].close()

    def _shut(self) -> asyncio.Task[None]:
        if self._shutting is None or self._shutting.done():
            for server in self._servers:
                stop_accepting(*server.servers)
            self._shutting = self._loop.create_task(self._let_go())
        return self._shutting

    async def _shut_there(self) -> None:
        await self._shut()

    async def _let_go(self) -> None:
        for number, server in enumerate(self._servers):
            if number in self._held:
                continue
            address = server.servers[0].sockets[0].getsockname()
            await close_listeners(*server.servers)
            server.servers.clear()
            self._held[number] = _bind(address)
        # Those that were being accepted are known in the next turn. Who is reset may try again at
        # once, and is refused by then.
        await asyncio.sleep(0)
        for server in self._servers:
            for connection in list(server.server_state.connections):
                reset(connection.transport)

    async def _open(self) -> None:
        if self._shutting is not None:
            await self._shutting
        while self._held:
            number, held = self._held.popitem()
            server = self._servers[number]
            held.listen(_BACKLOG)
            held.setblocking(False)
            protocol = functools.partial(
                ShownConnection,
                config=server.config,
                server_state=server.server_state,
                app_state=server.lifespan.state,
            )
            listening = await self._loop.create_server(protocol, sock=held, ssl=server.config.ssl)
            server.servers.append(listening)


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _bind(address: tuple[str, int]) -> socket.socket:
    # Named, as asyncio wants it to turn Nagle's algorithm off.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(address)
    return held
