# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from selfrenew_emulator.card import Card, CardImage, CardImageDamagedError, read_image
from tests.card.conftest import Terminal, tlv
from tests.card.test_image_content import seal

from .conftest import PIN, fields


@pytest.fixture
def image(open_yubikey: Terminal, tmp_path: Path) -> Path:
    for key, algorithm in (("9A", 0xE0), ("9C", 0xE1), ("82", 0x06)):
        template = tlv("80", bytes([algorithm])) + bytes.fromhex("AA0103AB0102")
        open_yubikey.send(f"004700{key}", tlv("AC", template))
    open_yubikey.put("5FFF00", b"\x80\x00")
    open_yubikey.raw("00FA05FF")
    path = tmp_path / "yubikey.card"
    CardImage.create(path, open_yubikey.card.state)
    return path


def test_a_yubikey_outlives_its_process(open_yubikey: Terminal, image: Path) -> None:
    before = open_yubikey.card.state
    assert read_image(image) == before
    card = Card.open(image)
    try:
        terminal = Terminal(card, open_yubikey.management_key)
        terminal.verify(PIN)
        assert terminal.authenticate() == "9000"
        assert fields(terminal.send("00F7009A")[0])[2] == bytes((3, 2))
        assert terminal.raw("00F69D9A") == "9000"
    finally:
        card.close()
    after = read_image(image)
    assert after.keys[0x9D] == before.keys[0x9A]
    assert 0x9A not in after.keys


def test_a_key_of_an_image_without_policies_has_its_slots(image: Path, tmp_path: Path) -> None:
    content = json.loads(image.read_text())["card"]
    for entry in content["keys"].values():
        for name in ("pin_policy", "touch_policy", "origin"):
            entry.pop(name, None)
    other = tmp_path / "other.card"
    other.write_bytes(seal(content))
    terminal = Terminal(Card(read_image(other)), b"")
    assert fields(terminal.send("00F7009C")[0])[2] == bytes((3, 1))
    assert fields(terminal.send("00F70082")[0])[2] == bytes((2, 1))
    assert terminal.send("00F98200")[1] == "9000"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("serial", None, "'serial' is missing"),
        ("serial", 0, "no YubiKey has the serial number 0"),
        ("serial", 1 << 32, "no YubiKey has the serial number 4294967296"),
        ("pin_policy", "SOMETIMES", "'pin_policy' has an unknown value 'SOMETIMES'"),
        ("touch_policy", 2, "'touch_policy' is missing or has"),
        ("origin", "", "'origin' has an unknown value"),
        ("algorithm", "X25519", "9A is none of X25519"),
        ("algorithm", "E0", "9A has an unknown algorithm"),
    ],
)
def test_a_field_no_yubikey_could_work_with_is_named(
    image: Path, field: str, value: object, why: str
) -> None:
    content = json.loads(image.read_text())["card"]
    (content if field == "serial" else content["keys"]["9A"])[field] = value
    image.write_bytes(seal(content))
    with pytest.raises(CardImageDamagedError, match=why):
        read_image(image)


@pytest.mark.parametrize(
    "kept",
    [("objects", "5FFF00"), ("keys", "F9"), ("keys", "9A"), ("references", "81")],
)
def test_another_card_keeps_nothing_of_a_yubikeys(image: Path, kept: tuple[str, str]) -> None:
    content = json.loads(image.read_text())["card"]
    content["personality"] = "piv"
    for kind, name in (("objects", "5FFF00"), ("objects", "5FFF01")):
        if kept != (kind, name):
            content[kind].pop(name)
    for name in ("F9", "9A", "9C", "82"):
        if kept != ("keys", name):
            content["keys"].pop(name)
    if kept[0] != "references":
        content["references"]["81"].update(tries=3, tries_limit=3)
    image.write_bytes(seal(content))
    with pytest.raises(CardImageDamagedError):
        read_image(image)
