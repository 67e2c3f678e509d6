# SPDX-License-Identifier: Apache-2.0
"""HTTP for every client here: one place that opens connections and turns failures into errors.

Answers are capped, so that a hostile or broken server costs no memory.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

ANSWER_MAX_BYTES = 1_000_000
TIMEOUT_SECONDS = 10.0


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


class TooLongError(ExchangeError):
    """The answer is longer than any honest one."""


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


def exchange(http: httpx.Client, attempted: str, request: httpx.Request) -> Answer:
    """Send a request and read its answer. Raise ExchangeError."""
    where = f"{request.url.scheme}://{request.url.netloc.decode()}"
    try:
        response = http.send(request, stream=True)
        try:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > ANSWER_MAX_BYTES:
                    raise TooLongError(
                        f"{attempted} at {where} was answered with more than {ANSWER_MAX_BYTES} "
                        "bytes. Check the address in the configuration."
                    )
        finally:
            response.close()
    except httpx.TimeoutException as error:
        raise UnreachableError(
            f"{attempted} at {where} got no answer in time. Check the network and try again later."
        ) from error
    except httpx.TransportError as error:
        if _is_about_trust(error):
            raise NotTrustedError(
                f"{attempted} at {where}: the server's certificate is not trusted ({error}). "
                "Nothing was sent. Check the address and the trust anchors in the configuration."
            ) from error
        raise UnreachableError(
            f"{attempted} at {where} failed: {error}. Check the network and try again later."
        ) from error
    if response.status_code in {429, 503}:
        raise BusyError(
            f"{attempted} at {where} was answered {response.status_code}: the service is busy. "
            "Try again later.",
            _seconds(response.headers.get("retry-after", "")),
        )
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, content_type, bytes(body))


def _is_about_trust(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None
