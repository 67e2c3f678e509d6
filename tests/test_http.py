# SPDX-License-Identifier: Apache-2.0
import gzip
import socket
import ssl
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from selfrenew.http import (
    ANSWER_MAX_BYTES,
    Answer,
    BusyError,
    NotTrustedError,
    UnreachableError,
    UnusableAnswerError,
    exchange,
    one_line,
    open_http,
)

Answered = Callable[..., bytes]
WHAT = "Asking a question"


def test_an_answer_is_read_whole_whatever_its_status(
    loopback: Any, http: httpx.Client, answered: Answered
) -> None:
    loopback.respond = lambda _: answered(b"no", 404, "Text/Plain; charset=utf-8")
    found = exchange(http, WHAT, "POST", loopback.url + "/x?y", content=b"what?")
    assert found == Answer(404, "text/plain", b"no")
    (seen,) = loopback.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/x?y", b"what?")
    assert seen.headers["accept-encoding"] == "identity"


def test_a_trusted_server_is_asked_over_tls(
    tls_loopback: Any, http: httpx.Client, answered: Answered
) -> None:
    tls_loopback.respond = lambda _: answered(b"yes")
    assert exchange(http, WHAT, "GET", tls_loopback.url).body == b"yes"


def test_a_refused_connection_names_the_address(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(
        UnreachableError,
        match=rf"Asking a question at http://127\.0\.0\.1:{port} failed: .*refused",
    ):
        exchange(http, WHAT, "GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("url", ["http://[::1", "http://a b/", "http://x\x00y/", "nonsense", ""])
def test_an_address_that_is_no_url_is_a_named_error(http: httpx.Client, url: str) -> None:
    with pytest.raises(UnreachableError, match="Asking a question"):
        exchange(http, WHAT, "GET", url)


def test_a_silent_server_is_not_waited_for(loopback: Any, tls_root: Path) -> None:
    def silence(_: object) -> Iterator[bytes]:
        loopback.stopped.wait(60)
        yield b""

    loopback.respond = silence
    with (
        open_http(tls_root, timeout_seconds=0.1) as http,
        pytest.raises(UnreachableError, match="no whole answer in time"),
    ):
        exchange(http, WHAT, "GET", loopback.url)
    loopback.stopped.set()


@pytest.mark.parametrize(
    ("begun", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X"),
    ],
    ids=["body", "head", "interim answers", "chunk extension", "trailer"],
)
def test_a_server_that_drips_is_not_waited_for_either(
    loopback: Any, tls_root: Path, begun: bytes, drop: bytes
) -> None:
    def drip(_: object) -> Iterator[bytes]:
        yield begun
        for _ in range(150):
            if loopback.stopped.wait(0.02):
                return
            yield drop

    loopback.respond = drip
    with (
        open_http(tls_root, timeout_seconds=0.2) as http,
        pytest.raises(UnreachableError, match="no whole answer in time"),
    ):
        exchange(http, WHAT, "GET", loopback.url)
    assert loopback.bytes_sent < len(begun) + 100 * len(drop)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x00\xff" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
    ids=["nothing", "header", "body", "length", "chunk", "smtp", "binary", "endless headers"],
)
def test_an_answer_that_is_no_http_is_an_error_of_its_own(
    loopback: Any, http: httpx.Client, raw: bytes
) -> None:
    loopback.respond = lambda _: raw
    with pytest.raises(UnreachableError, match="Check the network and try again later"):
        exchange(http, WHAT, "GET", loopback.url)


def test_a_hundred_megabytes_are_refused_in_bounded_memory(
    loopback: Any, http: httpx.Client
) -> None:
    total = 100_000_000

    def flood(_: object) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total
        part = bytes(100_000)
        for _ in range(total // len(part)):
            yield part

    loopback.respond = flood
    tracemalloc.start()
    try:
        with pytest.raises(UnusableAnswerError, match=f"more than {ANSWER_MAX_BYTES} bytes"):
            exchange(http, WHAT, "GET", loopback.url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * ANSWER_MAX_BYTES
    assert loopback.bytes_sent < total / 2


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "unheard-of"])
def test_a_compressed_answer_is_not_unfolded(
    loopback: Any, http: httpx.Client, answered: Answered, encoding: str
) -> None:
    bomb = gzip.compress(gzip.compress(bytes(10_000_000)))
    loopback.respond = lambda _: answered(bomb, content_encoding=encoding)
    with pytest.raises(UnusableAnswerError, match="compressed"):
        exchange(http, WHAT, "GET", loopback.url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed(
    loopback: Any, http: httpx.Client, answered: Answered, status: int
) -> None:
    loopback.respond = lambda _: answered(status=status, location=loopback.url + "/elsewhere")
    with pytest.raises(UnusableAnswerError, match=rf"redirection \({status}\)"):
        exchange(http, WHAT, "POST", loopback.url, content=b"secret")
    assert len(loopback.seen) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        ("-1", None),
        ("\u00b2", None),
        ("9" * 400, None),
    ],
)
def test_a_busy_server_says_when_to_come_back(
    loopback: Any, http: httpx.Client, answered: Answered, header: str, seconds: float | None
) -> None:
    when = "later" if seconds is None else f"in {seconds:.0f} seconds"
    for status in (429, 503):
        loopback.respond = lambda _, status=status: answered(status=status, retry_after=header)
        with pytest.raises(BusyError, match=rf"answered {status}.* Try again {when}") as caught:
            exchange(http, WHAT, "GET", loopback.url)
        assert caught.value.retry_after_seconds == seconds


def test_a_busy_server_that_speaks_the_protocol_is_listened_to(
    loopback: Any, http: httpx.Client, answered: Answered
) -> None:
    loopback.respond = lambda _: answered(b"why", 503, "application/pkixcmp")
    found = exchange(http, WHAT, "GET", loopback.url, read_always="application/pkixcmp")
    assert found.body == b"why"


def test_a_server_of_another_authority_is_not_trusted(tls_loopback: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with (
        open_http(other) as http,
        pytest.raises(NotTrustedError, match=r"certificate is not trusted .*Nothing was sent"),
    ):
        exchange(http, WHAT, "GET", tls_loopback.url)
    assert tls_loopback.seen == []


def test_a_trusted_server_of_another_name_is_not_trusted(
    tls_loopback: Any, tls_authority: trustme.CA, http: httpx.Client
) -> None:
    tls_loopback.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_authority.issue_cert("elsewhere.example").configure_cert(tls_loopback.context)
    with pytest.raises(NotTrustedError, match=r"not valid for '127\.0\.0\.1'"):
        exchange(http, WHAT, "GET", tls_loopback.url)


def test_a_server_without_tls_where_tls_is_due_is_not_trusted(
    tls_loopback: Any, http: httpx.Client
) -> None:
    tls_loopback.blurt = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with pytest.raises(NotTrustedError, match="no TLS could be agreed on"):
        exchange(http, WHAT, "GET", tls_loopback.url)


def test_a_server_that_hangs_up_during_the_handshake_is_unreachable(
    tls_loopback: Any, http: httpx.Client
) -> None:
    tls_loopback.blurt = b""
    with pytest.raises(UnreachableError):
        exchange(http, WHAT, "GET", tls_loopback.url)


def test_a_tls_connection_cut_in_the_answer_is_no_question_of_trust(
    tls_loopback: Any, http: httpx.Client
) -> None:
    tls_loopback.respond = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with pytest.raises(UnreachableError):
        exchange(http, WHAT, "GET", tls_loopback.url)


def test_a_proxy_of_the_environment_is_not_told_anything(
    loopback: Any,
    tls_root: Path,
    answered: Answered,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    loopback.respond = lambda _: answered(b"direct")
    with open_http(tls_root) as http:
        assert exchange(http, WHAT, "GET", loopback.url).body == b"direct"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\tand  blanks ", "two lines and blanks"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("é ✓", "é ✓"),
    ],
)
def test_a_text_of_somebody_else_becomes_one_printable_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_text_of_somebody_else_is_cut() -> None:
    assert len(one_line("x" * 1_000_000)) == 300
