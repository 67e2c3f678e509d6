# SPDX-License-Identifier: Apache-2.0
import gc
import socket
import ssl
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from selfrenew_emulator.ca import CertificateAuthority
from selfrenew_emulator.stage import Endpoint, PortTakenError, Servers, bind
from selfrenew_emulator.stage.server import settle
from selfrenew_emulator.stage.tls import server_context
from tests.silent_clients import everything_closed, knocking


def application(text: str) -> Starlette:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/", answer)])


def test_every_endpoint_answers_as_soon_as_the_servers_are_entered() -> None:
    endpoints = [Endpoint(application(text), bind()) for text in ("first", "second")]
    with Servers(endpoints), httpx.Client(trust_env=False, timeout=60) as client:
        assert [client.get(each.url).text for each in endpoints] == ["first", "second"]


def test_leaving_ends_the_thread_and_closes_connections_that_are_kept_alive() -> None:
    before = threading.active_count()
    with httpx.Client(trust_env=False, timeout=60) as client:
        endpoint = Endpoint(application("here"), bind())
        url = endpoint.url
        with Servers([endpoint]):
            client.get(url)
        with pytest.raises(httpx.TransportError):
            client.get(url)
    assert threading.active_count() == before


def test_a_port_can_be_bound_again_once_the_servers_are_left() -> None:
    endpoint = Endpoint(application("here"), bind())
    port = endpoint.port
    with Servers([endpoint]), httpx.Client(trust_env=False, timeout=60) as client:
        client.get(endpoint.url)
    bind(port).close()


def test_answers_are_dated_as_the_machines_clock_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, 6.6.1."""
    nine, ten = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 10))
    monkeypatch.setattr("uvicorn.server.time", SimpleNamespace(time=nine.timestamp))
    monkeypatch.setattr("selfrenew_emulator.stage.server._DATE_SECONDS", 0.01)
    endpoint = Endpoint(application("here"), bind())
    with Servers([endpoint]), httpx.Client(trust_env=False, timeout=60) as client:
        assert client.get(endpoint.url).headers["date"] == "Mon, 02 Mar 2026 09:00:00 GMT"
        monkeypatch.setattr("uvicorn.server.time", SimpleNamespace(time=ten.timestamp))
        while client.get(endpoint.url).headers["date"] != "Mon, 02 Mar 2026 10:00:00 GMT":
            pass


def test_small_answers_are_not_held_back_by_the_sockets() -> None:
    seen = []

    async def answer(request: Request) -> PlainTextResponse:
        connections = servers._servers[0].server_state.connections  # noqa: SLF001  no public way in
        for connection in connections:
            link = connection.transport.get_extra_info("socket")
            seen.append(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return PlainTextResponse("")

    endpoint = Endpoint(Starlette(routes=[Route("/", answer)]), bind())
    servers = Servers([endpoint])
    with servers, httpx.Client(trust_env=False, timeout=60) as client:
        client.get(endpoint.url)
    assert seen == [1]


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with bind() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"127.0.0.1:{port} failed .*another one"):
            bind(port)


def test_an_application_that_fails_at_its_start_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listener = bind()
    listener.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        Servers([Endpoint(application("never"), listener, context)]).start()
    assert threading.active_count() == before


@pytest.mark.parametrize("encrypted", [False, True], ids=["HTTP", "HTTPS"])
def test_a_connection_that_just_comes_in_is_closed_too(encrypted: bool) -> None:
    for _ in range(2):
        with everything_closed():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if encrypted else None
            endpoint = Endpoint(application("here"), bind(), context)
            servers = Servers([endpoint])
            servers.start()
            with knocking(endpoint.port):
                servers.stop()


def test_a_door_is_shut_on_a_connection_that_just_comes_in() -> None:
    for _ in range(2):
        with everything_closed():
            endpoint = Endpoint(application("here"), bind())
            url, port = endpoint.url, endpoint.port
            with Servers([endpoint]) as servers:
                door = servers.door(endpoint)
                with knocking(port):
                    door.shut()
                    with pytest.raises(ConnectionRefusedError):
                        socket.create_connection(("127.0.0.1", port))
                door.open()
                with httpx.Client(trust_env=False, timeout=60) as client:
                    assert client.get(url).text == "here"


@pytest.mark.parametrize("encrypted", [False, True], ids=["HTTP", "HTTPS"])
def test_what_was_sent_by_a_client_that_is_gone_is_answered(encrypted: bool) -> None:
    asked: list[str] = []

    async def answer(request: Request) -> PlainTextResponse:
        # Threads answer too, which no turn of the event loop waits for.
        await run_in_threadpool(asked.append, request.url.path)
        return PlainTextResponse("")

    ca = CertificateAuthority()
    tls = server_context(ca) if encrypted else None
    endpoint = Endpoint(Starlette(routes=[Route("/{number}", answer)]), bind(), tls)
    trust = ssl.create_default_context(cadata=ca.root.public_bytes(Encoding.PEM).decode())
    with Servers([endpoint]) as servers:
        for number in range(20):
            client = socket.create_connection(("127.0.0.1", endpoint.port))
            if encrypted:
                client = trust.wrap_socket(client, server_hostname="localhost")
            client.sendall(f"GET /{number} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
            client.close()
            servers.catch_up()
            assert len(asked) == number + 1
    ca.close()


def test_what_was_there_before_serving_is_not_looked_at_by_a_garbage_collection() -> None:
    loop: list[object] = []
    loop.append(loop)
    settle()
    try:
        assert all(each is not loop for each in gc.get_objects())
    finally:
        gc.unfreeze()
    assert any(each is loop for each in gc.get_objects())
