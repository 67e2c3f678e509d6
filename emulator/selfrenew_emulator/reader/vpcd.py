# SPDX-License-Identifier: Apache-2.0
"""The link to vsmartcard's vpcd driver, which shows our card to pcscd as a reader's card.

The driver listens on a TCP port for each slot. Each message is a length of two bytes, big-endian,
and a body. A body of one byte from the driver is a control: power off, power on, reset, or a
request for the ATR, the only one that is answered. Any other is a command APDU, answered by its
response. To be connected is to be inserted.

A program may send an APDU of one byte, which looks like a control. The driver waits for its answer,
and all of pcscd with it, so one that is no control is answered as an APDU, and one that could be
either ends the link where nothing comes after it: the driver is told by that, and takes the card
again.
"""

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum, unique
from typing import Protocol

from selfrenew_emulator.faults import Exchange, PulledOutError

from .errors import NotPoweredError, VpcdUnreachableError

_log = logging.getLogger(__name__)

_LENGTH_BYTES = 2
_RECEIVE_BYTES = 65_535 + _LENGTH_BYTES
_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.4)
_NOTICED_SECONDS = 3.0
_SETTLED_SECONDS = 1.0
# To power a card up the driver sends its control and asks for the ATR. What comes after that is
# pcscd's next look at the slot, and by then it has told its clients of the card.
_MESSAGES_TO_SETTLE = 3
# The driver asks for the ATR twice before it powers a card up.
_MESSAGES_WITHOUT_POWER = 3
# pcscd looks at the slot every 0.4 s. A driver that is silent this long waits for an answer.
_SILENCE_SECONDS = 5.0
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


_UNANSWERED = frozenset(bytes([control]) for control in Control if control is not Control.GET_ATR)


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
    link connects again as soon as it can. `exchange` answers the commands in the card's place, and
    takes the card out by a PulledOutError, of which `pulled_out` is told once it is out.
    """

    def __init__(
        self,
        card: LinkedCard,
        port: int,
        *,
        host: str = "127.0.0.1",
        exchange: Exchange | None = None,
        pulled_out: Callable[[PulledOutError], None] = lambda _: None,
    ) -> None:
        self._card = card
        self._exchange = card.transmit if exchange is None else exchange
        self._pulled_out = pulled_out
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._closing = threading.Event()
        self._torn = threading.Event()
        self._powered = threading.Event()
        self._settled = threading.Event()
        self._heard = 0
        # Whether the last message was a control, or an APDU whose answer the driver waits for.
        self._doubtful = False
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

    def settle(self) -> None:
        """Return once PC/SC programs see the card, or after a second where that cannot be told."""
        self._settled.wait(_SETTLED_SECONDS)

    @property
    def powered(self) -> bool:
        """Whether the reader has the card powered now."""
        return self._powered.is_set()

    @property
    def torn(self) -> bool:
        """Whether the card was pulled out at a command; `close` has still to be called."""
        return self._torn.is_set()

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
            self._heard = 0
            self._doubtful = False
            if self._powered.is_set():
                _log.info("the reader at %s:%d has gone; waiting for it", *self._address)
            self._powered.clear()
            self._card.power_off()
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _tear(self, connection: socket.socket) -> None:
        """Be out before the command is answered; the driver tells its client so."""
        with self._power:
            self._torn.set()
            self._closing.set()
            self._powered.clear()
            self._card.power_off()
            connection.close()

    def _serve(self, connection: socket.socket) -> bool:
        """Answer the driver until it goes; tell whether it ever said anything."""
        waiting = bytearray()
        heard = False
        try:
            while True:
                patience = _SILENCE_SECONDS if self._doubtful else None
                if connection.gettimeout() != patience:
                    connection.settimeout(patience)
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
        except TimeoutError:
            _log.warning(
                "the reader at %s:%d waits for an answer to a command of one byte, which no card "
                "can tell from a control; the card is taken out and put in again",
                *self._address,
            )
            return heard
        except PulledOutError as pulled:
            self._tear(connection)
            self._pulled_out(pulled)
            return heard
        except OSError as error:
            _log.debug("the link to %s:%d broke: %s", *self._address, error)
            return heard

    def _answer(self, connection: socket.socket, message: bytes) -> None:
        with self._power:
            if self._closing.is_set():
                return
            if not self._powered.is_set():
                self._check_power(message)
            self._heard += 1
            self._doubtful = message in _UNANSWERED
            if self._doubtful or message == bytes([Control.GET_ATR]):
                answer = self._control(Control(message[0]))
            else:
                answer = self._exchange(message)
            if self._powered.is_set() and self._heard >= _MESSAGES_TO_SETTLE:
                self._settled.set()
            if answer is not None:
                connection.sendall(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer)

    def _check_power(self, message: bytes) -> None:
        """Raise ConnectionAbortedError where the driver takes the card for the one before it.

        It does where a command found out that that one had gone, and this one came before pcscd
        looked: the next removal is noticed by nobody but us, who go and come again.
        """
        if len(message) > 1 or self._heard >= _MESSAGES_WITHOUT_POWER:
            raise ConnectionAbortedError("the card is used and was never powered up")

    def _control(self, control: Control) -> bytes | None:
        if control is Control.GET_ATR:
            return self._card.atr
        if control is Control.POWER_ON:
            self._card.power_on()
            self._heard = 1
            self._powered.set()
        elif control is Control.POWER_OFF:
            self._card.power_off()
            # Where the card before was used until it went, pcscd takes its power only now, and
            # powers this one up next. It does the same for who lets a card go unpowered while it is
            # swapped, and who is then told of no swap.
            self._heard = 0
        else:
            self._card.reset()
        return None
