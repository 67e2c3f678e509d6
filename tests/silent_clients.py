# SPDX-License-Identifier: Apache-2.0
"""Clients that connect and say nothing, as browsers do in advance, while a server stops."""

import contextlib
import gc
import socket
import threading
import warnings
from collections.abc import Iterator

import pytest

_SOCKETS_MAX = 100


@contextlib.contextmanager
def knocking(port: int) -> Iterator[None]:
    """Open connections to a port, without waiting for any, until this is left."""
    done = threading.Event()
    begun = threading.Event()

    def knock() -> None:
        with contextlib.ExitStack() as opened:
            for _ in range(_SOCKETS_MAX):
                link = opened.enter_context(socket.socket())
                link.setblocking(False)
                link.connect_ex(("127.0.0.1", port))
                begun.set()
                if done.is_set():
                    return
            done.wait()

    thread = threading.Thread(target=knock)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def everything_closed() -> Iterator[None]:
    """Fail where something was left unclosed by what runs inside."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        left: list[str] = []
        patch.setattr("sys.unraisablehook", lambda told: left.append(repr(told.exc_value)))
        warnings.simplefilter("error", ResourceWarning)
        yield
        gc.collect()
    assert not left
