# SPDX-License-Identifier: Apache-2.0
"""The link to vpcd, its driver's side played over a socket of the test."""

import socket
import threading
from collections.abc import Iterator
from typing import Self

import pytest

from selfrenew.transport import NoCardError, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import (
    NotPoweredError,
    VpcdLink,
    VpcdReader,
    VpcdUnreachableError,
    vpcd,
)

OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"
SELECT = bytes.fromhex("00A4040009A0000003080000100000")


class Driver:
    """vpcd's side: it listens, takes one card and says what pcscd has it say."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._card: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()
        self._listener.close()

    def accept(self) -> None:
        self._listener.settimeout(60)
        self._card, _ = self._listener.accept()
        self._card.settimeout(60)

    def say(self, message: bytes, *, in_two: bool = True) -> None:
        assert self._card is not None
        parts = [len(message).to_bytes(2, "big"), message]
        for part in parts if in_two else [b"".join(parts)]:
            self._card.sendall(part)

    def hear(self) -> bytes:
        assert self._card is not None
        size = int.from_bytes(self._exactly(2), "big")
        return self._exactly(size)

    def ask(self, message: bytes) -> bytes:
        self.say(message)
        return self.hear()

    def ended(self) -> bool:
        assert self._card is not None
        return self._card.recv(1) == b""

    def drop(self) -> None:
        if self._card is not None:
            self._card.close()
            self._card = None

    def _exactly(self, size: int) -> bytes:
        assert self._card is not None
        received = b""
        while len(received) < size:
            part = self._card.recv(size - len(received))
            assert part, "the card went"
            received += part
        return received


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


@pytest.fixture
def card() -> Card:
    return Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(1)
    )


@pytest.fixture
def reader(driver: Driver) -> Iterator[VpcdReader[Card]]:
    reader = VpcdReader[Card]("test 00 00", driver.port)
    yield reader
    driver.drop()
    reader.close()


def insert(driver: Driver, reader: VpcdReader[Card], card: Card) -> None:
    inserting = threading.Thread(target=reader.insert, args=(card,))
    inserting.start()
    driver.accept()
    driver.say(ON)
    inserting.join(60)
    assert not inserting.is_alive()


def test_the_card_answers_the_driver(driver: Driver, reader: VpcdReader[Card], card: Card) -> None:
    insert(driver, reader, card)
    assert driver.ask(ATR) == card.atr
    assert driver.ask(SELECT).endswith(b"\x90\x00")


def test_messages_come_whole_in_pieces_or_together(
    driver: Driver, reader: VpcdReader[Card], card: Card
) -> None:
    insert(driver, reader, card)
    driver.say(SELECT, in_two=False)
    driver.say(ATR, in_two=False)
    assert driver.hear().endswith(b"\x90\x00")
    assert driver.hear() == card.atr


@pytest.mark.parametrize("control", [OFF, RESET], ids=["power off", "reset"])
def test_power_off_and_reset_forget_the_passcode(
    driver: Driver, reader: VpcdReader[Card], card: Card, control: bytes
) -> None:
    insert(driver, reader, card)
    assert driver.ask(bytes.fromhex("0020008008313233343536FFFF")) == b"\x90\x00"
    assert driver.ask(bytes.fromhex("00200080")) == b"\x90\x00"
    driver.say(control)
    assert driver.ask(bytes.fromhex("00200080")) == b"\x63\xc3"


@pytest.mark.parametrize("command", [b"", b"\x03", b"\x77"], ids=["nothing", "03", "77"])
def test_a_message_that_is_no_control_is_answered_as_a_command(
    driver: Driver, reader: VpcdReader[Card], card: Card, command: bytes
) -> None:
    insert(driver, reader, card)
    assert driver.ask(command) == b"\x67\x00"
    assert driver.ask(ATR) == card.atr


@pytest.mark.parametrize("command", [OFF, ON, RESET], ids=["00", "01", "02"])
def test_a_driver_that_waits_for_the_answer_to_a_control_gets_the_card_anew(
    driver: Driver,
    reader: VpcdReader[Card],
    card: Card,
    command: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    insert(driver, reader, card)
    assert driver.ask(ATR) == card.atr
    with monkeypatch.context() as impatient:
        impatient.setattr(vpcd, "_SILENCE_SECONDS", 0.05)
        driver.say(command)
        assert driver.ended()
    driver.drop()
    driver.accept()
    driver.say(ON)
    assert driver.ask(ATR) == card.atr


def test_taking_the_card_out_ends_the_link(
    driver: Driver, reader: VpcdReader[Card], card: Card
) -> None:
    insert(driver, reader, card)
    removing = threading.Thread(target=reader.remove)
    removing.start()
    assert driver.ended()
    driver.drop()
    removing.join(60)
    assert not reader.card_present
    with pytest.raises(NoCardError):
        reader.remove()


def test_a_second_card_is_refused(driver: Driver, reader: VpcdReader[Card], card: Card) -> None:
    insert(driver, reader, card)
    with pytest.raises(TransportError, match="holds a card already"):
        reader.insert(card)


def test_the_card_comes_back_when_the_driver_does(
    driver: Driver, reader: VpcdReader[Card], card: Card
) -> None:
    insert(driver, reader, card)
    assert driver.ask(bytes.fromhex("0020008008313233343536FFFF")) == b"\x90\x00"
    driver.drop()
    driver.accept()
    driver.say(ON)
    assert driver.ask(bytes.fromhex("00200080")) == b"\x63\xc3"
    assert reader.card_present


@pytest.mark.parametrize(
    "said", [[SELECT], [RESET, SELECT], [ATR] * 4, [ATR, OFF, *[ATR] * 4]], ids=len
)
def test_a_card_taken_for_the_one_before_it_answers_nothing_and_comes_again(
    driver: Driver, reader: VpcdReader[Card], card: Card, said: list[bytes]
) -> None:
    inserting = threading.Thread(target=reader.insert, args=(card,))
    inserting.start()
    driver.accept()
    for message in said[:-1]:
        driver.say(message)
        if message == ATR:
            assert driver.hear() == card.atr
    driver.say(said[-1])
    assert driver.ended()
    driver.drop()
    driver.accept()
    driver.say(ON)
    assert driver.ask(ATR) == card.atr
    assert driver.ask(SELECT).endswith(b"\x90\x00")
    inserting.join(60)
    assert reader.card_present


def test_a_card_is_powered_once_the_one_before_it_was_powered_off(
    driver: Driver, reader: VpcdReader[Card], card: Card
) -> None:
    inserting = threading.Thread(target=reader.insert, args=(card,))
    inserting.start()
    driver.accept()
    # What pcscd does where the card before was used until it went.
    assert driver.ask(ATR) == card.atr
    driver.say(OFF)
    assert [driver.ask(ATR) for _ in range(2)] == [card.atr] * 2
    driver.say(ON)
    assert driver.ask(ATR) == card.atr
    inserting.join(60)
    assert not inserting.is_alive()


def test_a_reader_that_gives_no_power_is_named(driver: Driver, card: Card) -> None:
    with pytest.raises(NotPoweredError, match=f"{driver.port} gave the card no power"):
        VpcdLink(card, driver.port).start(patience_seconds=0.01)


def test_a_card_has_settled_once_the_driver_looks_at_it_again(
    driver: Driver, reader: VpcdReader[Card], card: Card
) -> None:
    insert(driver, reader, card)
    assert driver.ask(ATR) == card.atr
    settling = threading.Thread(target=reader.settle)
    settling.start()
    assert driver.ask(ATR) == card.atr
    settling.join(60)
    assert not settling.is_alive()
    assert reader.card_present


def test_nobody_listening_is_named(card: Card) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(VpcdUnreachableError, match=f"vpcd at 127.0.0.1:{port} failed"):
            VpcdLink(card, port).start()
