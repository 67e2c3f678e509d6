# SPDX-License-Identifier: Apache-2.0
"""The link to vsmartcard's vpcd driver, which shows our card to pcscd as a reader's card.

The driver listens on a TCP port for each slot. Each message is a length of two bytes, big-endian,
and a body. A body of one byte from the driver is a control: power off, power on, reset, or a
request for the ATR, the only one that is answered. Any other is a command APDU, answered by its
response. To be connected is to be inserted.
"""

import logging
import socket
import threading
from contextlib import suppress
from enum import IntEnum, unique
from typing import Protocol

from .errors import NotPoweredError, VpcdUnreachableError

_log = logging.getLogger(__name__)

_LENGTH_BYTES = 2
_RECEIVE_BYTES = 65_535 + _LENGTH_BYTES
_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.4)
_NOTICED_SECONDS = 3.0
# Only Linux has it. The driver sends length and body in two segments; an acknowledgement that
# waits for more (40 ms) would hold the second one back each time.
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


@unique
class Control(IntEnum):
    """The driver's messages of one byte."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    GET_ATR = 4


class LinkedCard(Protocol):
    """What a link carries; `Card` is one."""

    @property
    def atr(self) -> bytes:
        """The answer to reset."""

    def power_on(self) -> bytes:
        """Give the card power."""

    def power_off(self) -> None:
        """Take the power away."""

    def reset(self) -> None:
        """Reset the card."""

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU."""


class VpcdLink:
    """One stay of a card in one slot: `start` puts it in, `close` takes it out.

    When the driver goes away, as it does when pcscd is restarted, the card loses its power and the
    link connects again as soon as it can.
    """

    def __init__(self, card: LinkedCard, port: int, *, host: str = "127.0.0.1") -> None:
        self._card = card
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._closing = threading.Event()
        self._powered = threading.Event()
        # Held while the card works, so that its power goes between two commands, not within one.
        self._power = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"vpcd-{port}", daemon=True)

    def start(self, patience_seconds: float = 5.0) -> None:
        """Insert the card; return once the reader has powered it.

        Raise VpcdUnreachableError or NotPoweredError.
        """
        self._socket = self._connect()
        self._thread.start()
        if not self._powered.wait(patience_seconds):
            self.close()
            raise NotPoweredError(*self._address, patience_seconds)

    @property
    def powered(self) -> bool:
        """Whether the reader has the card powered now."""
        return self._powered.is_set()

    def close(self) -> None:
        """Take the card out, and return once the driver has noticed; it may be out already."""
        self._closing.set()
        with self._power:
            self._powered.clear()
            self._card.power_off()
            current = self._socket
            if current is not None:
                # Half closed: the driver notices, and its own end of the connection tells us so.
                with suppress(OSError):
                    current.shutdown(socket.SHUT_WR)
        if self._thread.is_alive():
            self._thread.join(_NOTICED_SECONDS)
        if current is not None:
            current.close()

    def _connect(self) -> socket.socket:
        try:
            connected = socket.create_connection(self._address, timeout=5)
        except OSError as error:
            raise VpcdUnreachableError(*self._address, error.strerror or str(error)) from error
        connected.settimeout(None)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _run(self) -> None:
        attempt = 0
        while True:
            if self._socket is not None and self._serve(self._socket):
                attempt = 0
            if self._closing.is_set():
                return
            self._lose()
            if self._closing.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
                return
            attempt += 1
            try:
                again = self._connect()
            except VpcdUnreachableError as error:
                _log.debug("%s", error)
                continue
            with self._power:
                if self._closing.is_set():
                    again.close()
                    return
                self._socket = again

    def _lose(self) -> None:
        """Note that the driver has gone."""
        with self._power:
            if self._closing.is_set():
                return
            if self._powered.is_set():
                _log.info("the reader at %s:%d has gone; waiting for it", *self._address)
            self._powered.clear()
            self._card.power_off()
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _serve(self, connection: socket.socket) -> bool:
        """Answer the driver until it goes; tell whether it ever said anything."""
        waiting = bytearray()
        heard = False
        try:
            while True:
                if _QUICKACK is not None:
                    # The kernel forgets it with each acknowledgement.
                    connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                received = connection.recv(_RECEIVE_BYTES)
                if not received:
                    return heard
                heard = True
                waiting += received
                while len(waiting) >= _LENGTH_BYTES:
                    end = _LENGTH_BYTES + int.from_bytes(waiting[:_LENGTH_BYTES], "big")
                    if len(waiting) < end:
                        break
                    message = bytes(waiting[_LENGTH_BYTES:end])
                    del waiting[:end]
                    self._answer(connection, message)
        except OSError as error:
            _log.debug("the link to %s:%d broke: %s", *self._address, error)
            return heard

    def _answer(self, connection: socket.socket, message: bytes) -> None:
        with self._power:
            if self._closing.is_set():
                return
            answer = self._control(message[0]) if len(message) == 1 else self._command(message)
            if answer is not None:
                connection.sendall(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer)

    def _control(self, number: int) -> bytes | None:
        if number == Control.GET_ATR:
            return self._card.atr
        if number == Control.POWER_ON:
            self._card.power_on()
            self._powered.set()
        elif number == Control.POWER_OFF:
            self._card.power_off()
        elif number == Control.RESET:
            self._card.reset()
        else:
            _log.warning("vpcd sent the unknown control %d; it was ignored", number)
        return None

    def _command(self, message: bytes) -> bytes | None:
        return self._card.transmit(message) if message else None
