# SPDX-License-Identifier: Apache-2.0
"""What a client may take of the CA: bytes and time."""

import socket
from collections.abc import Iterator

import pytest

from selfrenew_emulator.ca.app import Limits, create_app
from selfrenew_emulator.ca.authority import Authority
from selfrenew_emulator.ca.responder import Responder
from selfrenew_emulator.ca.store import Store
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.stage.connection import ShownConnection
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

# Far more than the refusal of a slow client takes: where none comes, the test fails and hangs not.
PATIENCE_SECONDS = 60


def serve(limits: Limits) -> Iterator[int]:
    draw, store = seeded("limits"), Store(None)
    authority = Authority.create(DEFAULT_NOW, draw)
    responder = Responder(authority, store, lambda: DEFAULT_NOW, draw)
    endpoint = Endpoint(create_app(responder, limits=limits), bind())
    with Servers([endpoint]):
        yield endpoint.port
    store.close()


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    yield from serve(Limits(message_seconds=0.05))


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    yield from serve(Limits())


@pytest.fixture(scope="module")
def brief() -> Iterator[int]:
    yield from serve(Limits(message_bytes=10))


def say(port: int, headers: list[str], body: bytes) -> bytes:
    """Send what may be less than was announced; return all that comes until the end."""
    head = ["POST /.well-known/cmp HTTP/1.1", "Host: ca", "Content-Type: application/pkixcmp"]
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join([*head, *headers, "", ""]).encode() + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_a_message_that_does_not_come_is_not_waited_for(impatient: int) -> None:
    answer = say(impatient, ["Content-Length: 1000"], b"\x30\x82")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"within 0.05 seconds" in answer


def test_a_message_that_is_announced_too_long_is_refused_before_it_comes(patient: int) -> None:
    for length in ("10000000", "9" * 4000):
        answer = say(patient, [f"Content-Length: {length}"], b"")
        assert answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 "))


def test_a_message_in_chunks_is_counted(brief: int) -> None:
    answer = say(brief, ["Transfer-Encoding: chunked"], b"b\r\n" + bytes(11) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"at most 10 bytes" in answer


@pytest.mark.parametrize(
    "begun", [b"", b"POST /.well-known/cmp HTTP/1.1\r\nHost: ca\r\nX-Slow: "], ids=["none", "half"]
)
def test_a_head_that_does_not_come_is_not_waited_for(
    patient: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(ShownConnection, "head_seconds", 0.05)
    with socket.create_connection(("127.0.0.1", patient), PATIENCE_SECONDS) as connection:
        connection.sendall(begun)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\ndate: " in answer
    assert answer.endswith(b"within 0.05 seconds.")


def test_a_second_head_on_a_connection_is_not_waited_for_either(
    patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = b"GET /nothing HTTP/1.1\r\nHost: ca\r\n"
    with socket.create_connection(("127.0.0.1", patient), PATIENCE_SECONDS) as connection:
        connection.sendall(request + b"\r\n")
        answer = b""
        # Head and body come apart where the machine is busy.
        while not answer.endswith(b"\r\n\r\nNot Found"):
            part = connection.recv(65536)
            assert part, answer
            answer += part
        monkeypatch.setattr(ShownConnection, "head_seconds", 0.05)
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 408 ")
