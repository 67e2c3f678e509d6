# SPDX-License-Identifier: Apache-2.0
"""A connection to the card in a PC/SC reader."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from smartcard import scard

from selfrenew import messages
from selfrenew.transport.connection import CardRemovedError, ReaderBusyError, TransportError

from .context import event_count, holds_card, open_context, reader_state
from .errors import failure

_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_STATUS_BYTES = 2
_HEADER_BYTES = 4
_BUSY_SECONDS = 5.0
_REMOVAL_SECONDS = 3.0
_OVERTAKING_SECONDS = 2.0
_LINK_BROKEN = frozenset(
    {scard.SCARD_E_NOT_TRANSACTED, scard.SCARD_F_COMM_ERROR, scard.SCARD_E_COMM_DATA_LOST}
)

_connecting = threading.Lock()


class PcscConnection:
    """The card that was in the reader when this was opened, until it is out.

    Shared with other programs but for `exclusive`. Every method raises TransportError.
    """

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._closed = False
        self._gone = False
        self._waiting: threading.Thread | None = None
        self._stay = -1
        with _in_turn():
            self._context = open_context()
            code, self._handle, self._protocol = scard.SCardConnect(
                self._context, reader, scard.SCARD_SHARE_SHARED, _PROTOCOLS
            )
        try:
            self._check(messages.CONNECTING.format(reader=reader), code)
            self._stay = self._status()
        except BaseException:
            scard.SCardReleaseContext(self._context)
            raise

    @property
    def reader(self) -> str:
        """The name of the reader."""
        return self._reader

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        self._usable()
        code, _, _, _, atr = scard.SCardStatus(self._handle)
        self._check(messages.ASKING_ATR, code)
        return bytes(atr)

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU.

        Raise CardRemovedError, CardResetError where another program reset the card, or another
        TransportError.
        """
        self._usable()
        pci = scard.SCARD_PCI_T1
        if self._protocol == scard.SCARD_PROTOCOL_T0:
            pci, command = scard.SCARD_PCI_T0, _as_t0_carries(command)
        code, answer = scard.SCardTransmit(self._handle, pci, list(command))
        if code == scard.SCARD_S_SUCCESS and len(answer) < _STATUS_BYTES:
            # What a driver makes of a card that went while it worked.
            code = scard.SCARD_E_NOT_TRANSACTED
        if code != scard.SCARD_S_SUCCESS:
            self._check(messages.SENDING_COMMAND, code)
        return bytes(answer)

    def reset(self) -> None:
        """Reset the card, and make sure that it is still the same one's stay in the reader."""
        self._usable()
        code = scard.SCardStatus(self._handle)[0]
        if code != scard.SCARD_W_RESET_CARD:  # which is what is about to be done
            self._check(messages.ASKING_CARD_STATE, code)
        code, self._protocol = scard.SCardReconnect(
            self._handle, scard.SCARD_SHARE_SHARED, _PROTOCOLS, scard.SCARD_RESET_CARD
        )
        self._check(messages.RESETTING, code)
        # To reconnect forgets that the card was out; the reader's own count does not.
        if self._status() != self._stay:
            self._gone = True
            raise CardRemovedError(self._reader)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other programs off the card. Raise ReaderBusyError where one holds it for long."""
        self._usable()
        self._begin()
        try:
            yield
        finally:
            if not self._closed:
                scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD)

    def close(self) -> None:
        """Let the card go, reset so that the passcode is not left verified for the next program."""
        if self._closed:
            return
        self._closed = True
        if self._waiting is not None:
            return  # the thread that waits for the card closes it
        self._release()

    def _begin(self) -> None:
        # The call waits without end for another's transaction, so a thread makes it.
        outcome: list[int] = []

        def begin() -> None:
            outcome.append(scard.SCardBeginTransaction(self._handle))
            if self._closed:
                scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD)
                self._release()

        thread = threading.Thread(target=begin, name="pcsc-transaction", daemon=True)
        self._waiting = thread
        thread.start()
        thread.join(_BUSY_SECONDS)
        if thread.is_alive():
            self._closed = True
            raise ReaderBusyError(self._reader)
        self._waiting = None
        self._check(messages.HOLDING, outcome[0])

    def _release(self) -> None:
        # Not SCardDisconnect, which alters pcsc-lite's lists unguarded (see _in_turn); to release
        # the context does not, but leaves the card as it is.
        scard.SCardReconnect(
            self._handle, scard.SCARD_SHARE_SHARED, _PROTOCOLS, scard.SCARD_RESET_CARD
        )
        scard.SCardReleaseContext(self._context)

    def _usable(self) -> None:
        if self._gone:
            raise CardRemovedError(self._reader)
        if self._closed:
            raise TransportError(messages.CONNECTION_CLOSED.format(reader=self._reader))

    def _status(self) -> int:
        return event_count(reader_state(self._context, self._reader))

    def _check(self, attempted: str, code: int) -> None:
        if code == scard.SCARD_S_SUCCESS:
            return
        if code in _LINK_BROKEN and self._is_out():
            code = scard.SCARD_W_REMOVED_CARD
        # A handle outlives neither its service nor its reader.
        lost = {scard.SCARD_E_INVALID_HANDLE, scard.SCARD_E_READER_UNAVAILABLE}
        if code in lost and self._stay >= 0:
            code = scard.SCARD_W_REMOVED_CARD
        error = failure(attempted, code, self._reader)
        if isinstance(error, CardRemovedError):
            self._gone = True
        raise error

    def _is_out(self) -> bool:
        """Tell whether the card went: the driver says so only when it is next asked."""
        try:
            state = reader_state(self._context, self._reader)
            if holds_card(state) and event_count(state) == self._stay:
                state = reader_state(self._context, self._reader, state, _REMOVAL_SECONDS)
        except TransportError:
            # The reader, or the service with all of them, went meanwhile, and the card with it.
            return True
        return event_count(state) != self._stay


def _as_t0_carries(command: bytes) -> bytes:
    """Give a short command the form that T=0 carries: header, P3 and the data of one direction.

    ISO/IEC 7816-3:2006, 12.2: case 1 has P3 00, and case 4 no Le; the card announces what it has
    to say (61xx).
    """
    if len(command) == _HEADER_BYTES:
        return command + b"\x00"
    data_end = _HEADER_BYTES + 1 + command[_HEADER_BYTES]
    return command[:data_end] if len(command) == data_end + 1 else command


@contextmanager
def _in_turn() -> Iterator[None]:
    """Open a context and connect with it before any other thread of this process does.

    pcsc-lite finds a handle by going through the handles of all contexts, oldest first, and adds a
    new one to its context without the lock that guards that (SCardAddHandle; 1.9.9 was seen to
    crash of it). In turn, no context younger than the one that is connecting has a handle that
    could be looked for.
    """
    # pcscd keeps who connects waiting for the end of another program's transaction, which need not
    # keep those waiting who want other readers.
    in_turn = _connecting.acquire(timeout=_OVERTAKING_SECONDS)
    try:
        yield
    finally:
        if in_turn:
            _connecting.release()
