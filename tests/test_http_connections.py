# SPDX-License-Identifier: Apache-2.0
"""Connections that are kept: one for many requests, and never an answer to another one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from selfrenew import http_connections
from selfrenew.http import AnswerLostError, UnusableAnswerError, exchange, open_http

YES = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
NO = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"


class Server:
    """Answers the connections it is told of, one after the other: for each a list of answers.

    After the last of a list it waits for the client to hang up, after an empty one it hangs up.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.requests: list[list[bytes]] = []
        self.hung_up = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def answer(self, *connections: list[bytes]) -> None:
        self._thread = threading.Thread(target=self._run, args=(connections,))
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._listener.close()

    def _run(self, connections: tuple[list[bytes], ...]) -> None:
        for answers in connections:
            with self._listener.accept()[0] as connection:
                connection.settimeout(10)
                seen: list[bytes] = []
                self.requests.append(seen)
                for answer in answers:
                    raw = b""
                    while not raw.endswith(b"\r\n\r\n"):
                        part = connection.recv(65_536)
                        if not part:
                            return
                        raw += part
                    seen.append(raw)
                    connection.sendall(answer)
                if answers[-1]:
                    assert connection.recv(1) == b""
            self.hung_up.release()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as made:
        yield made


@pytest.fixture
def client(tls_root: Path) -> Iterator[httpx.Client]:
    with open_http(tls_root, timeout_seconds=5) as made:
        yield made


def get(client: httpx.Client, server: Server) -> bytes:
    return exchange(client, "Asking", "GET", server.url).body


def test_many_requests_take_one_connection_which_is_closed_with_the_client(
    server: Server, client: httpx.Client
) -> None:
    server.answer([YES, NO, YES])
    assert [get(client, server) for _ in range(3)] == [b"yes", b"no", b"yes"]
    client.close()
    assert server.hung_up.acquire(timeout=10)
    assert len(server.requests) == 1


def test_a_request_names_its_host_and_nothing_of_this_program(
    server: Server, client: httpx.Client
) -> None:
    server.answer([YES])
    get(client, server)
    client.close()
    assert server.hung_up.acquire(timeout=10)
    head = server.requests[0][0].decode().lower().split("\r\n")
    assert head[0] == "get / http/1.1"
    assert f"host: {server.url.split('/')[2]}" in head
    assert not [line for line in head if line.startswith("user-agent")]


@pytest.mark.parametrize(
    "last",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nyes",
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes",
        YES + NO,
    ],
    ids=["closing", "HTTP/1.0", "more than was asked for"],
)
def test_a_connection_that_says_it_is_the_last_time_is_not_used_again(
    server: Server, client: httpx.Client, last: bytes
) -> None:
    server.answer([last], [YES])
    assert get(client, server) == b"yes"
    assert get(client, server) == b"yes"
    client.close()
    assert server.hung_up.acquire(timeout=10)
    assert [len(each) for each in server.requests] == [1, 1]


def test_an_answer_of_http_1_0_may_keep_its_connection(
    server: Server, client: httpx.Client
) -> None:
    kept = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nyes"
    server.answer([kept, YES, kept, NO])
    assert [get(client, server) for _ in range(4)] == [b"yes", b"yes", b"yes", b"no"]
    client.close()
    assert server.hung_up.acquire(timeout=10)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "last",
    [
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 3\r\n\r\nyes",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nyesno",
    ],
    ids=["closing", "more than was asked for"],
)
def test_an_answer_of_http_1_0_that_does_not_end_alone_ends_its_connection(
    server: Server, client: httpx.Client, last: bytes
) -> None:
    server.answer([last], [YES])
    assert [get(client, server) for _ in range(2)] == [b"yes", b"yes"]
    client.close()
    assert server.hung_up.acquire(timeout=10)
    assert [len(each) for each in server.requests] == [1, 1]


def test_a_body_that_ends_with_its_connection_is_whole(
    server: Server, client: httpx.Client
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nyes, and no length")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert exchange(client, "Asking", "GET", url).body == b"yes, and no length"
        thread.join()


def test_a_connection_that_was_closed_while_it_was_idle_is_made_anew(
    server: Server, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer([YES], [YES])
    assert get(client, server) == b"yes"
    # As good as the other side's end, which cannot be waited for here.
    monkeypatch.setattr(http_connections, "_has_come", lambda _: True)
    assert get(client, server) == b"yes"
    client.close()
    assert len(server.requests) == 2


def test_what_has_come_unasked_is_seen() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert not http_connections._has_come(one)  # noqa: SLF001
        other.sendall(b"x")
        assert http_connections._has_come(one)  # noqa: SLF001
    one, other = socket.socketpair()
    with one:
        other.close()
        assert http_connections._has_come(one)  # noqa: SLF001


def test_a_connection_that_was_idle_for_long_is_made_anew(
    server: Server, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer([YES], [YES])
    assert get(client, server) == b"yes"
    now = http_connections.time.monotonic()
    monkeypatch.setattr(http_connections.time, "monotonic", lambda: now + 6)
    assert get(client, server) == b"yes"
    client.close()
    assert len(server.requests) == 2


def test_an_answer_that_is_not_read_on_takes_its_connection_along(
    server: Server, client: httpx.Client
) -> None:
    refused = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000\r\n\r\n"
    server.answer([refused], [YES])
    with pytest.raises(UnusableAnswerError):
        get(client, server)
    assert get(client, server) == b"yes"
    client.close()
    assert [len(each) for each in server.requests] == [1, 1]


def test_a_request_whose_connection_ends_unanswered_is_not_sent_again_unasked(
    server: Server, client: httpx.Client
) -> None:
    server.answer([YES, b""])
    assert get(client, server) == b"yes"
    with pytest.raises(AnswerLostError, match="the connection ended before the answer"):
        get(client, server)
    assert [len(each) for each in server.requests] == [2]


def test_requests_at_once_take_a_connection_each(server: Server, client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        bodies: list[bytes] = []

        def ask() -> None:
            bodies.append(exchange(client, "Asking", "GET", url).body)

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        lines = [listener.accept()[0] for _ in askers]
        for line in lines:
            line.recv(65_536)
        for line in lines:
            line.sendall(YES)
        for asker in askers:
            asker.join()
        for line in lines:
            line.close()
    assert bodies == [b"yes", b"yes"]


def test_a_connection_in_use_when_the_client_closes_is_closed_after_its_answer(
    server: Server, client: httpx.Client
) -> None:
    server.answer([YES])
    with client.stream("GET", server.url) as answer:
        client.close()
        assert answer.read() == b"yes"
    assert server.hung_up.acquire(timeout=10)
