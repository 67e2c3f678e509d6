# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import selfrenew_emulator.reader
from selfrenew.transport import (
    CardConnection,
    CardRemovedError,
    NoCardError,
    NoReaderError,
    Reader,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)
from selfrenew_emulator.card import Card, CardImage, read_image
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import ImageReader, open_image_reader

ASK = bytes.fromhex("00200080")
PIN = bytes.fromhex("0020008008313233343536FFFF")
WRONG = bytes.fromhex("0020008008303030303030FFFF")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "alice.card"
    card = Card.blank(
        pin=b"123456", puk=b"87654321", management_key=bytes(24), randomness=seeded(1)
    )
    CardImage.create(path, card.state)
    return path


def test_reader_and_connection_keep_the_protocols(image: Path) -> None:
    reader = ImageReader(image)
    assert isinstance(reader, Reader)
    connection = reader.connect()
    assert isinstance(connection, CardConnection)
    assert (reader.name, reader.card_present) == (str(image), True)
    assert connection.atr[:1] == b"\x3b"
    connection.close()


def test_what_a_command_changed_is_there_for_the_next_connection(image: Path) -> None:
    reader = ImageReader(image)
    connection = reader.connect()
    assert connection.transmit(WRONG).hex() == "63c2"
    assert read_image(image).references[0x80].tries == 2
    connection.close()
    connection.close()
    again = reader.connect()
    assert again.transmit(ASK).hex() == "63c2"
    again.close()


def test_a_reset_and_a_new_connection_forget_the_pin(image: Path) -> None:
    connection = ImageReader(image).connect()
    assert connection.transmit(PIN).hex() == "9000"
    with connection.exclusive():
        connection.reset()
        assert connection.transmit(ASK).hex() == "63c3"
    connection.close()
    with pytest.raises(TransportError, match="closed"):
        connection.transmit(ASK)


def test_an_image_that_is_open_is_busy_to_others(image: Path) -> None:
    connection = ImageReader(image).connect()
    with pytest.raises(ReaderBusyError, match=r"alice\.card"):
        ImageReader(image).connect()
    connection.close()
    ImageReader(image).connect().close()


def test_an_image_open_in_a_process_that_was_killed_is_free(image: Path) -> None:
    code = (
        "import os, signal, sys, pathlib\n"
        "from selfrenew_emulator.reader import ImageReader\n"
        "connection = ImageReader(pathlib.Path(sys.argv[1])).connect()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, image], check=False)  # noqa: S603  ours
    assert killed.returncode == -9
    ImageReader(image).connect().close()


def test_no_folder_is_no_reader_and_no_file_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(NoReaderError, match="nowhere"):
        ImageReader(tmp_path / "nowhere" / "a.card").connect()
    empty = ImageReader(tmp_path / "a.card")
    assert not empty.card_present
    with pytest.raises(NoCardError, match=r"a\.card"):
        empty.connect()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_deleted_is_a_card_that_is_removed(image: Path) -> None:
    connection = ImageReader(image).connect()
    image.unlink()
    with pytest.raises(CardRemovedError, match=r"alice\.card"):
        connection.transmit(WRONG)
    assert not image.exists()
    connection.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"not a card", b"\xff"])
def test_a_damaged_image_is_named_in_one_line_and_left_alone(image: Path, content: bytes) -> None:
    image.write_bytes(content)
    with pytest.raises(UnusableCardError, match=r"is damaged.*left as it is") as caught:
        ImageReader(image).connect()
    assert len(str(caught.value).splitlines()) == 1
    assert image.read_bytes() == content
    # The lock went with the failure.
    with pytest.raises(UnusableCardError):
        ImageReader(image).connect()


@pytest.mark.parametrize("failing", ["open", "read"])
def test_access_denied_is_told_with_what_to_do(
    image: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    if failing == "open":
        monkeypatch.setattr(os, "open", denied)
    else:
        monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(UnusableCardError, match=r"Permission denied\. Check its permissions"):
        ImageReader(image).connect()


def test_a_location_is_relative_to_its_folder(image: Path) -> None:
    assert open_image_reader("alice.card", image.parent).card_present
    assert open_image_reader(str(image), Path("/nowhere")).card_present


def test_the_package_names_all_it_gives() -> None:
    names = selfrenew_emulator.reader.__all__
    assert all(hasattr(selfrenew_emulator.reader, name) for name in names)


def test_who_watches_hears_of_the_card_put_in_and_taken_out(tmp_path: Path) -> None:
    path, away = tmp_path / "a.card", tmp_path / "away"
    away.write_bytes(b"x")
    reader = ImageReader(path)
    came, went = threading.Event(), threading.Event()
    ends = [reader.on_insertion(came.set)]
    away.rename(path)
    assert came.wait(60)
    ends.append(reader.on_removal(went.set))
    path.rename(away)
    assert went.wait(60)
    for end in ends:
        end()
        end()
