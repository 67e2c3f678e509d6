# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 connections for httpx, kept from one request to the next, and no more than that.

httpx's own transport has pools with queues, proxies, HTTP/2 and hooks; with no use for these, a
request over it takes several times the work. What is on the wire is h11's to write and to judge, as
it is there.
"""

import select
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Lock

import h11
import httpx

_PART_BYTES = 65_536
_IDLE_SECONDS = 5.0
"""How long an idle connection is believed in; servers close theirs without a word."""
_PORTS = {"http": 80, "https": 443}
_Place = tuple[str, str, int]


class KeptConnections(httpx.BaseTransport):
    """A transport with a connection for each request at a time; those that are free are kept."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle: defaultdict[_Place, list[_Connection]] = defaultdict(list)
        self._lock = Lock()
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read its answer's head. Raise httpx.TransportError."""
        url = request.url
        if url.scheme not in _PORTS or not url.host:
            raise httpx.UnsupportedProtocol(f"{url} is no http or https address", request=request)
        place = (url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])
        seconds = request.extensions.get("timeout", {})
        connection = self._kept(place) or self._connect(place, request, seconds.get("connect"))
        try:
            head = connection.send(request, seconds.get("write"), seconds.get("read"))
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=_Body(connection, lambda: self._give_back(place, connection)),
            request=request,
        )

    def close(self) -> None:
        """Close what is kept, and have what is in use closed once it is not."""
        with self._lock:
            self._closed = True
            while self._idle:
                for connection in self._idle.popitem()[1]:
                    connection.close()

    def _kept(self, place: _Place) -> "_Connection | None":
        with self._lock:
            idle = self._idle[place]
            while idle:
                connection = idle.pop()
                if connection.usable:
                    return connection
                connection.close()
        return None

    def _give_back(self, place: _Place, connection: "_Connection") -> None:
        with self._lock:
            if not self._closed and connection.begin_again():
                self._idle[place].append(connection)
                return
        connection.close()

    def _connect(
        self, place: _Place, request: httpx.Request, seconds: float | None
    ) -> "_Connection":
        scheme, host, port = place
        try:
            line = socket.create_connection((host, port), seconds)
            try:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if scheme == "https":
                    line = self._context.wrap_socket(line, server_hostname=host)
            except BaseException:
                line.close()
                raise
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except (OSError, ValueError) as error:
            # A name too long to be looked up, or with a NUL in it, is a ValueError.
            raise httpx.ConnectError(str(error), request=request) from error
        return _Connection(line)


class _Connection:
    """A connection, for one request at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._state = h11.Connection(h11.CLIENT)
        self._request: httpx.Request | None = None
        self._idle_until = 0.0
        self._answer_until: float | None = None
        self._kept_by_answer = False

    @property
    def usable(self) -> bool:
        """Tell whether a request may be sent: what comes unasked, be it the end, is no answer."""
        return time.monotonic() < self._idle_until and not _has_come(self._line)

    def begin_again(self) -> bool:
        """Make ready for the next request, where both sides have ended this one and stay."""
        if self._state.trailing_data[0]:
            return False
        if self._state.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._state.start_next_cycle()
        elif self._kept_by_answer and set(self._state.states.values()) == {h11.MUST_CLOSE}:
            self._state = h11.Connection(h11.CLIENT)
        else:
            return False
        self._idle_until = time.monotonic() + _IDLE_SECONDS
        return True

    def close(self) -> None:
        """Close it; closing twice is harmless."""
        self._line.close()

    def send(
        self, request: httpx.Request, write_seconds: float | None, read_seconds: float | None
    ) -> h11.Response:
        """Send a request and read its answer's head. Raise httpx.TransportError.

        `read_seconds` is the time of the whole answer, however its bytes trickle in.
        """
        self._request = request
        try:
            head = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
            parts = (head, h11.Data(data=request.read()), h11.EndOfMessage())
            raw = b"".join(self._state.send(part) or b"" for part in parts)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        self._line.settimeout(write_seconds)
        try:
            self._line.sendall(raw)
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error), request=request) from error
        except OSError as error:
            raise httpx.WriteError(str(error), request=request) from error
        self._answer_until = None if read_seconds is None else time.monotonic() + read_seconds
        while True:
            event = self._next_event()
            if isinstance(event, h11.Response):
                self._kept_by_answer = _keeps_alive(event)
                return event

    def body(self) -> Iterator[bytes]:
        """Read the rest of the answer. Raise httpx.TransportError."""
        while True:
            event = self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.PAUSED | h11.ConnectionClosed):
                return

    def _next_event(self) -> object:
        waiting = self._state.their_state is h11.SEND_RESPONSE
        try:
            while (event := self._state.next_event()) is h11.NEED_DATA:
                self._line.settimeout(self._seconds_left())
                self._state.receive_data(self._line.recv(_PART_BYTES))
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=self._request) from error
        except OSError as error:
            raise httpx.ReadError(str(error), request=self._request) from error
        except h11.RemoteProtocolError as error:
            # h11 says of this one what only its authors understand.
            ended = waiting and self._state.trailing_data[1]
            told = "the connection ended before the answer" if ended else str(error)
            raise httpx.RemoteProtocolError(told, request=self._request) from error
        return event

    def _seconds_left(self) -> float | None:
        """Give what is left of the answer's time. Raise TimeoutError where nothing is."""
        if self._answer_until is None:
            return None
        left = self._answer_until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Body(httpx.SyncByteStream):
    """An answer's body, read as it is asked for."""

    def __init__(self, connection: _Connection, give_back: Callable[[], None]) -> None:
        self._connection = connection
        self._give_back = give_back
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._connection.body()

    def close(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        if not self._closed:
            self._closed = True
            self._give_back()


def _keeps_alive(head: h11.Response) -> bool:
    """Tell whether HTTP/1.0 keeps the connection, which h11 never does (RFC 9112, 9.3).

    Some CAs that speak it know a transaction by its connection.
    """
    said = b",".join(value for name, value in head.headers if name == b"connection")
    options = {option.strip().lower() for option in said.split(b",")}
    return head.http_version == b"1.0" and b"keep-alive" in options and b"close" not in options


def _has_come(line: socket.socket) -> bool:
    """Tell whether there is anything to read, at once."""
    with suppress(AttributeError):
        poll = select.poll()
        poll.register(line, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([line], [], [], 0)[0])
