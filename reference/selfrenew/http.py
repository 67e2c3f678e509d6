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

from selfrenew import messages
from selfrenew.http_connections import KeptConnections

ANSWER_MAX_BYTES = 1_000_000
TIMEOUT_SECONDS = 30.0
_TEXT_MAX = 300
# There was a connection, so the request may have arrived.
_LOST = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)


class ExchangeError(Exception):
    """An exchange failed before there was an answer; `text` says what was tried and what to do."""


class UnreachableError(ExchangeError):
    """No connection, or no answer in time."""


class AnswerLostError(UnreachableError):
    """The request was on its way and no whole answer came: it may have been carried out."""


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
    retry_after_seconds: float | None = None


def open_http(trust_anchors: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> httpx.Client:
    """Open a client that trusts these TLS anchors only. Raise OSError or ssl.SSLError.

    Connections are kept, so that the requests of a renewal share one handshake a service.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=trust_anchors)
    # Nothing of the environment: a proxy or a netrc would see what is meant for the services.
    return httpx.Client(
        transport=KeptConnections(context), timeout=timeout_seconds, trust_env=False
    )


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
        request = httpx.Request(method, url, content=content, json=json, headers=headers)
    except httpx.InvalidURL as error:
        raise UnreachableError(
            messages.NO_URL.format(attempted=attempted, why=one_line(str(error)))
        ) from error
    where = messages.ATTEMPTED_AT.format(
        attempted=attempted, scheme=request.url.scheme, host=request.url.netloc.decode()
    )
    try:
        response = http.send(request, stream=True, follow_redirects=False)
        try:
            content_type = _content_type(response)
            _refuse_unusable(where, response, speaks=content_type == read_always)
            patience = request.extensions["timeout"]["read"] or TIMEOUT_SECONDS
            body = _read(where, response, patience)
        finally:
            response.close()
    except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
        raise _too_slow(where) from error
    except httpx.TimeoutException as error:
        raise UnreachableError(messages.TOO_SLOW.format(where=where)) from error
    except httpx.TransportError as error:
        raise _failure(where, error) from error
    return Answer(response.status_code, content_type, body, _retry_after(response))


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
        after = _retry_after(response)
        raise BusyError(
            messages.BUSY.format(where=where, status=status, remedy=try_again(after)), after
        )
    if response.is_redirect:
        raise UnusableAnswerError(messages.REDIRECTED.format(where=where, status=status))
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnusableAnswerError(messages.COMPRESSED.format(where=where))


def _read(where: str, response: httpx.Response, seconds: float) -> bytes:
    """Read a body. The request's timeout is one of silence, here one of the whole answer."""
    until = time.monotonic() + seconds
    body = bytearray()
    for part in response.iter_raw():
        body += part
        if len(body) > ANSWER_MAX_BYTES:
            raise UnusableAnswerError(
                messages.TOO_LONG.format(where=where, number=ANSWER_MAX_BYTES)
            )
        if time.monotonic() > until:
            raise _too_slow(where)
    return bytes(body)


def _too_slow(where: str) -> AnswerLostError:
    return AnswerLostError(messages.TOO_SLOW.format(where=where))


def _failure(where: str, error: httpx.TransportError) -> ExchangeError:
    """Tell a server that is not trusted from one that is not there."""
    cause = _tls_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NotTrustedError(
            messages.TLS_NOT_TRUSTED.format(where=where, why=cause.verify_message)
        )
    why = one_line(str(error)).rstrip(".") or type(error).__name__
    if isinstance(error, httpx.ConnectError) and cause is not None:
        return NotTrustedError(messages.TLS_FAILED.format(where=where, why=why))
    lost = isinstance(error, _LOST)
    kind = AnswerLostError if lost else UnreachableError
    return kind(messages.UNREACHABLE.format(where=where, why=why))


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


def try_again(after_seconds: float | None) -> str:
    """Say when to try again, as far as the server said so."""
    if after_seconds is None:
        return messages.TRY_AGAIN_LATER
    return messages.TRY_AGAIN_IN.format(seconds=int(after_seconds))


def _retry_after(response: httpx.Response) -> float | None:
    """Read Retry-After's form in seconds; its form as a date is left aside (RFC 9110, 10.2.3)."""
    text: str = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
