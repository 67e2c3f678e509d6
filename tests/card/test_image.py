# SPDX-License-Identifier: Apache-2.0
"""The card image: kept at each command, found damaged, never half-written."""

import contextlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_an_image_cut_off_or_flipped_anywhere_is_named(image: Path, data: st.DataObject) -> None:
    whole = image.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 2))
    damaged = data.draw(
        st.sampled_from(
            [whole[:at], whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :], b"", b"[" * 2000]
        )
    )
    path = image.with_name("damaged.card")
    path.write_bytes(damaged)
    # Only what says nothing of the card may differ unseen.
    with contextlib.suppress(CardImageError):
        assert read_image(path) == read_image(image)


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
