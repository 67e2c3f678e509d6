# SPDX-License-Identifier: Apache-2.0
"""HTTP for every client here: one place that opens connections and turns failures into errors.

Answers are capped in size and time, so that a hostile or broken server costs neither memory nor
patience. Redirections are not followed: what is meant for one service is told to no other.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

ANSWER_MAX_BYTES = 1_000_000
TIMEOUT_SECONDS = 10.0
_TEXT_MAX = 300


class ExchangeError(Exception):
    """An exchange failed before there was an answer; `text` says what was tried and what to do."""


class UnreachableError(ExchangeError):
    """No connection, or no answer in time."""


class NotTrustedError(ExchangeError):
    """TLS: the server's certificate is not trusted."""


class BusyError(ExchangeError):
    """The server asks to come back later."""

    def __init__(self, text: str, retry_after_seconds: float | None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class UnusableAnswerError(ExchangeError):
    """An answer that is not read on: far too long, compressed unasked, or a redirection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer read whole."""

    status: int
    content_type: str
    body: bytes


def open_http(trust_anchors: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> httpx.Client:
    """Open a client that trusts these TLS anchors only. Raise OSError or ssl.SSLError.

    Connections are kept, so that the requests of a renewal share one handshake a service.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=trust_anchors)
    # Nothing of the environment: a proxy or a netrc would see what is meant for the services.
    return httpx.Client(verify=context, timeout=timeout_seconds, trust_env=False)


def exchange(
    http: httpx.Client,
    attempted: str,
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    json: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    read_always: str | None = None,
) -> Answer:
    """Send a request and read its answer. Raise ExchangeError.

    An answer of the content type `read_always` is read even where the status says busy.
    """
    try:
        # Uncompressed, since a few bytes of an answer could unfold to gigabytes.
        headers = {**(headers or {}), "accept-encoding": "identity"}
        request = http.build_request(method, url, content=content, json=json, headers=headers)
    except httpx.InvalidURL as error:
        raise UnreachableError(
            f"{attempted} failed: its address is no URL ({one_line(str(error))}). Check the "
            "address in the configuration."
        ) from error
    where = f"{attempted} at {request.url.scheme}://{request.url.netloc.decode()}"
    try:
        response = http.send(request, stream=True, follow_redirects=False)
        try:
            content_type = _content_type(response)
            _refuse_unusable(where, response, speaks=content_type == read_always)
            body = _read(where, response, http.timeout.read or TIMEOUT_SECONDS)
        finally:
            response.close()
    except httpx.TimeoutException as error:
        raise _too_slow(where) from error
    except httpx.TransportError as error:
        raise _failure(where, error) from error
    return Answer(response.status_code, content_type, body)


def one_line(text: str) -> str:
    """Cut a text of somebody else's to one printable line of bounded length."""
    line = " ".join(text[: 10 * _TEXT_MAX].split())[:_TEXT_MAX]
    return "".join(character for character in line if character.isprintable())


def _content_type(response: httpx.Response) -> str:
    text: str = response.headers.get("content-type", "")
    return text.partition(";")[0].strip().lower()


def _refuse_unusable(where: str, response: httpx.Response, *, speaks: bool) -> None:
    status = response.status_code
    if status in {429, 503} and not speaks:
        after = _seconds(response.headers.get("retry-after", ""))
        when = "later" if after is None else f"in {after:.0f} seconds"
        raise BusyError(
            f"{where} was answered {status}: the service is busy. Try again {when}.", after
        )
    if response.is_redirect:
        raise UnusableAnswerError(
            f"{where} was answered with a redirection ({status}), which is not followed. Check the "
            "address in the configuration."
        )
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnusableAnswerError(
            f"{where} was answered in compressed form, which was not asked for. Check the address "
            "in the configuration."
        )


def _read(where: str, response: httpx.Response, seconds: float) -> bytes:
    """Read a body. The client's timeout is one of silence, here it is one of the whole answer."""
    until = time.monotonic() + seconds
    body = bytearray()
    for part in response.iter_raw():
        body += part
        if len(body) > ANSWER_MAX_BYTES:
            raise UnusableAnswerError(
                f"{where} was answered with more than {ANSWER_MAX_BYTES} bytes. Check the address "
                "in the configuration."
            )
        if time.monotonic() > until:
            raise _too_slow(where)
    return bytes(body)


def _too_slow(where: str) -> UnreachableError:
    return UnreachableError(
        f"{where} got no whole answer in time. Check the network and try again later."
    )


def _failure(where: str, error: httpx.TransportError) -> ExchangeError:
    """Tell a server that is not trusted from one that is not there."""
    cause = _tls_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NotTrustedError(
            f"{where}: the server's certificate is not trusted ({cause.verify_message}). Nothing "
            "was sent. Check the address and the trust anchors in the configuration."
        )
    why = one_line(str(error)) or type(error).__name__
    if isinstance(error, httpx.ConnectError) and cause is not None:
        return NotTrustedError(
            f"{where}: no TLS could be agreed on ({why}). Nothing was sent. Check the address in "
            "the configuration."
        )
    return UnreachableError(f"{where} failed: {why}. Check the network and try again later.")


def _tls_cause(error: BaseException) -> ssl.SSLError | None:
    """Find the TLS error below another; a connection that merely ended is none."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError) and not isinstance(
            seen, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _seconds(text: str) -> float | None:
    """Read Retry-After's form in seconds; its form as a date is left aside (RFC 9110, 10.2.3)."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
