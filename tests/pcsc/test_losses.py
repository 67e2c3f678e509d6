# SPDX-License-Identifier: Apache-2.0
"""Card, reader or service lost while a command is on its way, as the reference tells it."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from selfrenew.transport import CardRemovedError, TransportError
from selfrenew.transport.pcsc import NoServiceError, PcscReader, list_readers
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader, vpcd
from selfrenew_emulator.reader.vpcd import Control

from .conftest import until

TRIES = bytes.fromhex("00200080")
ATR = bytes.fromhex("3B00")


class SlowCard:
    """A card that works on a command until it is released."""

    atr = ATR

    def __init__(self) -> None:
        self.working = threading.Event()
        self.released = threading.Event()

    def power_on(self) -> bytes:
        return self.atr

    def power_off(self) -> None: ...

    def reset(self) -> None: ...

    def transmit(self, command: bytes) -> bytes:
        del command
        self.working.set()
        self.released.wait(30)
        return b"\x90\x00"


@contextmanager
def card_torn_by_a_command(port: int) -> Iterator[threading.Thread]:
    """Put a card in that is gone, without a word, once a command has reached it.

    The thread ends with it.
    """

    def play(slot: socket.socket) -> None:
        with slot, slot.makefile("rb") as said:
            while size := int.from_bytes(said.read(2), "big"):
                message = said.read(size)
                if message == bytes([Control.GET_ATR]):
                    slot.sendall(len(ATR).to_bytes(2, "big") + ATR)
                elif len(message) > 1:
                    return

    slot = socket.create_connection(("127.0.0.1", port), timeout=30)
    thread = threading.Thread(target=play, args=(slot,))
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive()


def test_a_card_torn_out_within_a_command_is_a_removal(
    slots: list[VpcdReader[LinkedCard]],
) -> None:
    with card_torn_by_a_command(slots[0].port):
        reader = PcscReader(slots[0].name)
        assert reader.wait_for_card(10)
        opened = reader.connect()
        with pytest.raises(CardRemovedError, match="The card was removed from the reader"):
            opened.transmit(TRIES)
        opened.close()


def test_a_card_put_in_before_pcscd_noticed_that_the_last_one_was_torn_out_is_another(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card
) -> None:
    with card_torn_by_a_command(slots[0].port) as tearing:
        reader = PcscReader(slots[0].name)
        assert reader.wait_for_card(10)
        opened = reader.connect()
        caught: list[BaseException] = []

        def ask() -> None:
            try:
                opened.transmit(TRIES)
            except TransportError as error:
                caught.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        tearing.join(30)
        slots[0].insert(blank_card)
        asking.join(30)
    assert [type(error) for error in caught] == [CardRemovedError]
    with pytest.raises(CardRemovedError):
        opened.transmit(TRIES)
    opened.close()
    again = PcscReader(slots[0].name).connect()
    assert again.transmit(TRIES) == b"\x63\xc3"
    again.close()


def test_a_service_that_ends_within_a_command_is_told_and_loses_no_card(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, pcscd: PrivatePcscd
) -> None:
    slow = SlowCard()
    slots[0].insert(slow)
    opened = PcscReader(slots[0].name).connect()
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            opened.transmit(TRIES)
        except TransportError as error:
            caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert slow.working.wait(30)
    daemon = pcscd.pid
    assert daemon is not None
    os.kill(daemon, signal.SIGKILL)
    asking.join(30)
    slow.released.set()
    opened.close()
    assert len(caught) == 1
    assert isinstance(caught[0], CardRemovedError | NoServiceError)
    slots[0].remove()
    until(lambda: pcscd.pid not in {daemon, None} and serves(), "pcscd is not there again")
    slots[0].insert(blank_card)
    again = PcscReader(slots[0].name).connect()
    assert again.transmit(TRIES) == b"\x63\xc3"
    again.close()


def serves() -> bool:
    try:
        return len(list_readers()) == 2
    except TransportError:
        return False


@pytest.mark.parametrize("command", [b"\x00", b"\x01", b"\x02"], ids=["00", "01", "02"])
def test_a_command_of_one_byte_does_not_stop_pcscd(
    slots: list[VpcdReader[LinkedCard]],
    blank_card: Card,
    command: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Longer than pcscd takes to look at the slot again, so that its controls are taken for such.
    monkeypatch.setattr(vpcd, "_SILENCE_SECONDS", 2.0)
    slots[0].insert(blank_card)
    reader = PcscReader(slots[0].name)
    opened = reader.connect()
    assert opened.transmit(TRIES) == b"\x63\xc3"
    with pytest.raises(TransportError):
        opened.transmit(command)
    opened.close()
    assert reader.wait_for_card(10)
    until(lambda: _tries(reader) == b"\x63\xc3", "the card did not come back")


def _tries(reader: PcscReader) -> bytes:
    try:
        opened = reader.connect()
    except TransportError:
        return b""
    try:
        return opened.transmit(TRIES)
    except TransportError:
        return b""
    finally:
        opened.close()
