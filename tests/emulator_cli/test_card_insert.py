# SPDX-License-Identifier: Apache-2.0
"""`card insert`, vpcd's side played by a socket of the test."""

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from selfrenew_emulator.card import Card, CardImage, Interface, Interfaces
from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.randomness import seeded

POWER_ON = b"\x00\x01\x01"
GET_ATR = b"\x00\x01\x04"
GENERATE = b"\x00\x0b" + bytes.fromhex("0047009A05AC0380011100")
NOT_OVER_THIS_INTERFACE = b"\x6a\x81"
TIMEOUT_SECONDS = 60
Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    card = Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(1)
    )
    path = tmp_path / "alice.card"
    CardImage.create(path, card.state)
    return path


@pytest.fixture
def driver() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT_SECONDS)
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_card_stays_in_until_the_program_is_stopped(
    start_program: Start, driver: socket.socket, image: Path, number: signal.Signals
) -> None:
    process = start_program("card", "insert", image, "--port", port_of(driver))
    slot, _ = driver.accept()
    with slot:
        slot.settimeout(TIMEOUT_SECONDS)
        slot.sendall(POWER_ON)
        assert process.stdout is not None
        assert f"is in the reader at 127.0.0.1:{port_of(driver)}" in process.stdout.readline()
        process.send_signal(number)
        assert slot.recv(1) == b""
    assert process.communicate(timeout=TIMEOUT_SECONDS) == ("", "")
    assert process.returncode == ExitCode.DONE
    Card.open(image).close()


def test_a_card_that_is_in_comes_back_when_the_reader_does(
    start_program: Start, driver: socket.socket, image: Path
) -> None:
    process = start_program("card", "insert", image, "--port", port_of(driver))
    for _ in range(3):
        slot, _ = driver.accept()
        slot.sendall(POWER_ON)
        slot.close()
    assert process.poll() is None


def test_a_dual_card_is_laid_on_a_contactless_reader(
    start_program: Start, driver: socket.socket, tmp_path: Path
) -> None:
    card = Card.blank(
        pin=b"123456",
        puk=b"12345678",
        management_key=bytes(24),
        interfaces=Interfaces.DUAL,
        randomness=seeded(1),
    )
    image = tmp_path / "dual.card"
    CardImage.create(image, card.state)
    card.power_on(Interface.CONTACTLESS)
    start_program("card", "insert", image, "--port", port_of(driver), "--interface", "contactless")
    slot, _ = driver.accept()
    with slot, slot.makefile("rb") as said:
        slot.settimeout(TIMEOUT_SECONDS)
        for message in (GET_ATR, POWER_ON + GET_ATR):
            slot.sendall(message)
            assert said.read(int.from_bytes(said.read(2), "big")) == card.atr
        slot.sendall(GENERATE)
        assert said.read(int.from_bytes(said.read(2), "big")) == NOT_OVER_THIS_INTERFACE


def test_a_reader_of_a_kind_the_card_is_not_made_for_is_refused(
    run_program: Run, driver: socket.socket, image: Path
) -> None:
    ended = run_program(
        "card", "insert", image, "--port", port_of(driver), "--interface", "contactless"
    )
    assert ended.returncode == ExitCode.USAGE
    assert "it is a contact card. Use another reader" in ended.stderr


def test_nobody_listening_is_one_line_that_says_how_to_start_readers(
    run_program: Run, image: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = run_program("card", "insert", image, "--port", port_of(unused))
    assert ended.returncode == ExitCode.READER_UNAVAILABLE
    assert ended.stderr.count("\n") == 1
    assert "selfrenew-emulator reader up" in ended.stderr


def test_a_reader_that_gives_no_power_is_one_line(
    run_program: Run, driver: socket.socket, image: Path
) -> None:
    ended = run_program("card", "insert", image, "--port", port_of(driver))
    assert ended.returncode == ExitCode.READER_UNAVAILABLE
    assert ended.stderr.count("\n") == 1
    assert "Another card is in it" in ended.stderr


def test_an_image_that_is_inserted_elsewhere_is_refused(
    run_program: Run, driver: socket.socket, image: Path
) -> None:
    before = image.read_bytes()
    with closing(Card.open(image)):
        ended = run_program("card", "insert", image, "--port", port_of(driver))
    assert ended.returncode == ExitCode.IMAGE_UNUSABLE
    assert ended.stderr.count("\n") == 1
    assert "inserted in a reader of another process" in ended.stderr
    assert image.read_bytes() == before


@pytest.mark.parametrize("content", [None, "", "{}"], ids=["missing", "empty", "no card"])
def test_an_image_that_is_none_is_one_line(
    run_program: Run, driver: socket.socket, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "odd.card"
    if content is not None:
        path.write_text(content)
    ended = run_program("card", "insert", path, "--port", port_of(driver))
    assert ended.returncode == ExitCode.IMAGE_UNUSABLE
    assert ended.stderr.count("\n") == 1


def test_a_card_goes_wrong_as_ordered_and_what_struck_is_told(
    start_program: Start, driver: socket.socket, image: Path
) -> None:
    order = "card.status:before=GENERATE,slot=9a,sw=6581"
    process = start_program(
        "card", "insert", image, "--port", port_of(driver), "--fault", order, "--timing", "instant"
    )
    slot, _ = driver.accept()
    with slot:
        slot.settimeout(TIMEOUT_SECONDS)
        slot.sendall(POWER_ON + GENERATE)
        assert slot.recv(4) == b"\x00\x02\x65\x81"
        process.send_signal(signal.SIGINT)
        assert slot.recv(1) == b""
    told, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert told.endswith("What struck: card.status.\n")


def test_a_card_that_a_fault_pulls_out_is_out_and_another_one_comes(
    start_program: Start, driver: socket.socket, image: Path
) -> None:
    order = "card.swapped:before=GENERATE"
    process = start_program("card", "insert", image, "--port", port_of(driver), "--fault", order)
    first, _ = driver.accept()
    with first:
        first.settimeout(TIMEOUT_SECONDS)
        first.sendall(POWER_ON)
        assert process.stdout is not None
        assert "is in the reader" in process.stdout.readline()
        first.sendall(GENERATE)
        assert first.recv(1) == b""
        second, _ = driver.accept()
    with second:
        second.settimeout(TIMEOUT_SECONDS)
        second.sendall(POWER_ON + GENERATE)
        assert second.recv(4) == b"\x00\x02\x69\x82"


def test_what_does_not_befall_a_card_is_refused_before_it_is_put_in(
    run_program: Run, driver: socket.socket, image: Path
) -> None:
    refused = run_program(
        "card", "insert", image, "--port", port_of(driver), "--fault", "mail.lost"
    )
    assert refused.returncode == ExitCode.USAGE
    assert "befalls the mail, not the card" in " ".join(refused.stderr.split())
