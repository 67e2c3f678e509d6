# SPDX-License-Identifier: Apache-2.0
"""The card image: kept at each command, found damaged, never half-written."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import (
    Card,
    CardImage,
    CardImageDamagedError,
    CardImageError,
    CardImageExistsError,
    CardImageInUseError,
    CardImageMissingError,
    CardImageVersionError,
    read_image,
    write_image,
)

from .conftest import Terminal, make_terminal, tlv

DOCUMENT = Path(__file__).parents[2] / "docs" / "card-image.md"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    terminal = make_terminal()
    terminal.authenticate()
    terminal.generate("9A", Algorithm.P256)
    terminal.put("5FC102", b"object")
    path = tmp_path / "alice.card"
    CardImage.create(path, terminal.card.state)
    return path


def test_what_a_command_changed_is_in_the_file_when_it_has_answered(image: Path) -> None:
    card = Card.open(image)
    terminal = Terminal(card, bytes(range(24)))
    terminal.authenticate()
    assert terminal.put("5FC105", b"kept") == "9000"
    assert read_image(image).objects[0x5FC105] == b"kept"
    assert terminal.verify(b"000000") == "63C2"
    assert read_image(image).references[0x80].tries == 2
    card.close()


def test_a_card_is_the_same_after_it_was_put_away(image: Path) -> None:
    before = read_image(image)
    card = Card.open(image)
    card.close()
    assert read_image(image) == before
    write_image(image, before)
    assert read_image(image) == before


def test_pin_and_puk_are_not_to_be_read_in_it(image: Path) -> None:
    raw = image.read_bytes()
    assert b"123456" not in raw
    assert b"87654321" not in raw
    assert image.stat().st_mode & 0o077 == 0


def test_a_card_is_in_one_reader_at_a_time(image: Path) -> None:
    card = Card.open(image)
    with pytest.raises(CardImageInUseError):
        Card.open(image)
    card.close()
    Card.open(image).close()


def test_a_new_image_overwrites_none(image: Path) -> None:
    before = image.read_bytes()
    with pytest.raises(CardImageExistsError):
        CardImage.create(image, make_terminal().card.state)
    assert image.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_image_and_nothing_beside_it(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, files = image.read_bytes(), sorted(image.parent.iterdir())
    monkeypatch.setattr(os, "fsync", _fail)
    with pytest.raises(OSError, match="disk"):
        write_image(image, make_terminal().card.state)
    assert image.read_bytes() == before
    assert sorted(image.parent.iterdir()) == files


def _fail(_: int) -> None:
    raise OSError("the disk is gone")


# A process that is killed between writing the new image and renaming it over the old one.
KILLED = """
import os, signal, sys
from pathlib import Path
from selfrenew_emulator.card import Card
card = Card.open(Path(sys.argv[1]))
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
card.transmit(bytes.fromhex("0020008008303030303030FFFF"))
"""


def test_a_process_killed_while_writing_leaves_the_old_image(image: Path) -> None:
    before, files = image.read_bytes(), sorted(image.parent.iterdir())
    killed = subprocess.run([sys.executable, "-c", KILLED, image], check=False)  # noqa: S603  ours
    assert killed.returncode == -9
    assert len(list(image.parent.glob(".alice.card.*.unfinished"))) == 1
    assert image.read_bytes() == before
    card = Card.open(image)
    assert Terminal(card, b"").verify() == "9000"
    card.close()
    # What it left half-done is gone with the next opening, and its lock went with it.
    assert sorted(image.parent.iterdir()) == files


def test_opening_sweeps_only_its_own_leftovers(image: Path) -> None:
    others = [image.with_name(name) for name in (".alice.card.old", ".bob.card.x.unfinished")]
    for other in others:
        other.touch()
    own = image.with_name(".alice.card.abc.unfinished")
    own.touch()
    Card.open(image).close()
    assert all(other.exists() for other in others)
    assert not own.exists()


def test_a_link_leads_to_the_one_card(image: Path) -> None:
    link = image.with_name("link.card")
    link.symlink_to(image)
    card = Card.open(link)
    with pytest.raises(CardImageInUseError):
        Card.open(image)
    assert Terminal(card, b"").verify(b"000000") == "63C2"
    card.close()
    assert link.is_symlink()
    assert read_image(image).references[0x80].tries == 2
    CardImage.create(link, make_terminal().card.state, overwrite=True)
    assert link.is_symlink()
    assert read_image(image).references[0x80].tries == 3


def test_what_is_not_a_file_is_no_image(tmp_path: Path) -> None:
    loop = tmp_path / "loop.card"
    loop.symlink_to(loop)
    for path in (tmp_path, loop):
        with pytest.raises(CardImageMissingError):
            Card.open(path)


def test_a_missing_image_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CardImageMissingError, match="selfrenew-emulator card make"):
        Card.open(tmp_path / "nobody.card")


def test_a_newer_image_says_to_update(image: Path) -> None:
    document = json.loads(image.read_text())
    document["version"] = 99
    image.write_text(json.dumps(document))
    with pytest.raises(CardImageVersionError, match="99"):
        Card.open(image)


def _drop_field(document: dict[str, Any]) -> None:
    del document["card"]["keys"]


def _change_object(document: dict[str, Any]) -> None:
    document["card"]["objects"]["5FC102"] = "AAAA"


def _other_format(document: dict[str, Any]) -> None:
    document["format"] = "something else"


@pytest.mark.parametrize("damage", [_drop_field, _change_object, _other_format])
def test_a_changed_image_is_refused_and_left_alone(
    image: Path, damage: Callable[[dict[str, Any]], None]
) -> None:
    document = json.loads(image.read_text())
    damage(document)
    image.write_text(json.dumps(document))
    before = image.read_bytes()
    with pytest.raises(CardImageDamagedError, match="left as it is"):
        Card.open(image)
    assert image.read_bytes() == before


def _is_refused(path: Path, damaged: bytes) -> bool:
    path.write_bytes(damaged)
    try:
        read_image(path)
    except CardImageError as error:
        return len(str(error).splitlines()) == 1 and path.read_bytes() == damaged
    return False


def test_an_image_cut_off_anywhere_is_refused(image: Path) -> None:
    whole = image.read_bytes()
    # The last byte is a line's end: without it the document is whole.
    assert all(_is_refused(image, whole[:end]) for end in range(len(whole) - 1))


def test_an_image_with_a_bit_flipped_is_refused(image: Path) -> None:
    whole = bytearray(image.read_bytes())
    head = whole.index(b'"card": ')
    for at in range(len(whole)):
        # Every bit of what says how to read the rest; of the rest, whose checksum is there, one.
        for bit in range(8) if at < head else [at % 8]:
            whole[at] ^= 1 << bit
            assert _is_refused(image, bytes(whole)), (at, bit)
            whole[at] ^= 1 << bit


@pytest.mark.parametrize(
    "damaged",
    [
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"format": "selfrenew-card-image", "version": %s}' % (b"9" * 10_000),
        b'{"format": "selfrenew-card-image", "version": true, "card": {}}',
        b'{"format": "selfrenew-card-image", "version": "1", "card": {}}',
        b'{"format": "selfrenew-card-image", "version": 0, "card": {}}',
        b'{"format": "selfrenew-card-image", "version": 1, "card": [], "sha256": ""}',
        b'{"format": "selfrenew-card-image", "version": 1, "card": {"a": %s%s}}'
        % (b"[" * 900, b"]" * 900),
    ],
    ids=lambda damaged: repr(damaged[:20] + damaged[-20:]),
)
def test_what_is_no_image_is_refused(image: Path, damaged: bytes) -> None:
    assert _is_refused(image, damaged)


def test_the_documents_example_is_a_card_image(tmp_path: Path) -> None:
    example = re.search(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example is not None
    path = tmp_path / "example.card"
    path.write_text(example[1])
    card = Card.open(path)
    terminal = Terminal(card, bytes(range(16)), Algorithm.AES128)
    assert terminal.verify() == "9000"
    assert terminal.authenticate() == "9000"
    assert terminal.get("5FC102") == (tlv("53", b"object"), "9000")
    card.close()
