# SPDX-License-Identifier: Apache-2.0
"""What comes from outside: a server that answers whatever bytes a test likes, over a real socket
on loopback, and certificates with something wrong."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import settings

from selfrenew.http import open_http


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--windows", action="store_true", help="run the agent's windows too")
    parser.addoption("--screenshots", type=Path, help="folder for pictures of the page's states")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "interop: checks against another implementation of a standard"
    )
    # How long an example takes says how busy the machine is, not whether the claim holds.
    settings.register_profile("selfrenew", deadline=None)
    settings.load_profile("selfrenew")


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    client_certificate: bytes | None = None
    """In DER, where the TLS context asks for one."""


def http_answer(
    body: bytes = b"", status: int = 200, content_type: str | None = None, **headers: str
) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Loopback:
    """Answers one request a connection with the bytes of `respond`, and closes."""

    respond: Callable[[Request], bytes | Iterable[bytes]] = lambda _: b""
    context: ssl.SSLContext | None = None
    blurt: bytes | None = None
    """Sent instead, whatever comes; not HTTP and not TLS."""
    says_goodbye: bool = False
    """Whether TLS is ended as the standard wants it, by an alert, and not by hanging up."""
    seen: list[Request] = field(default_factory=list)
    bytes_sent: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.stopped.set()
        # A listener is not woken by being closed, but by a caller.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(60)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.stopped.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that breaks off is what many tests are about.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            connection.settimeout(60)
            if self.blurt is not None:
                connection.recv(100_000)
                connection.sendall(self.blurt)
                return
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
            request = _read_request(connection)
            if request is None:
                return
            if isinstance(connection, ssl.SSLSocket):
                request.client_certificate = connection.getpeercert(binary_form=True)
            self.seen.append(request)
            answer = self.respond(request)
            for part in (answer,) if isinstance(answer, bytes) else answer:
                connection.sendall(part)
                self.bytes_sent += len(part)
            if self.says_goodbye and isinstance(connection, ssl.SSLSocket):
                connection.unwrap()


def _read_request(connection: socket.socket) -> Request | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode().split()
        if len(first) != 3:
            return None
        headers = {}
        while line := stream.readline().strip().decode():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        return Request(first[0], first[1], headers, body)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server without TLS."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture(scope="session")
def tls_authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def tls_root(tls_authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "root.pem"
    tls_authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture
def tls_loopback(tls_authority: trustme.CA) -> Iterator[Loopback]:
    """A server with a certificate that `http` trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Loopback(context=context)
    yield server
    server.close()


@pytest.fixture
def http(tls_root: Path) -> Iterator[httpx.Client]:
    """The client as the programs open it, but with less patience."""
    with open_http(tls_root, timeout_seconds=60) as client:
        yield client


@pytest.fixture(scope="session")
def answered() -> Callable[..., bytes]:
    """http_answer, since a conftest is not imported."""
    return http_answer


def make_certificate(*extensions: x509.ExtensionType) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(days=3650)
    certificate = builder.not_valid_before(start).not_valid_after(end).sign(key, hashes.SHA256())
    return certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def odd_certificates() -> dict[str, bytes]:
    """DER that is a certificate at first sight, and what is wrong with each."""
    good = make_certificate(x509.BasicConstraints(ca=False, path_length=None))
    twice = make_certificate(
        *(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
            for oid in ("1.2.3.4", "1.2.3.5")
        )
    )
    named = make_certificate(x509.SubjectAlternativeName([x509.DNSName("x.example")]))
    point = good.index(b"\x03\x42\x00\x04") + 60
    p256 = bytes.fromhex("06082a8648ce3d030107")
    common_name = bytes.fromhex("0603550403 0c01")
    return {
        "no certificate": b"\x05\x00",
        "empty": b"\x30\x00",
        "version 4": good.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"), 1),
        "extension twice": twice.replace(b"\x06\x03\x2a\x03\x05", b"\x06\x03\x2a\x03\x04"),
        "no point": good[:point] + bytes((good[point] ^ 1,)) + good[point + 1 :],
        "no curve": good.replace(p256, p256[:-1] + b"\x6f"),
        "broken extension": good.replace(b"\x04\x02\x30\x00", b"\x04\x02\x05\x00"),
        "x400 name": named.replace(b"\x82\x09x.example", b"\xa3\x09x.example"),
        "bits for a name": good.replace(common_name + b"x", common_name[:-2] + b"\x03\x01\x00"),
        "no time": good.replace(b"Z\x17", b"Y\x17"),
    }
