# SPDX-License-Identifier: Apache-2.0
"""A factory-fresh YubiKey and raw commands to it."""

from typing import Any

import pytest

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.randomness import seeded
from tests.card.conftest import Terminal, tlv

DEFAULT_KEY = bytes.fromhex("0102030405060708" * 3)
PIN, PUK = b"123456", b"12345678"


def fields(raw: bytes) -> dict[int, bytes]:
    """Read a run of elements with tags of one byte and lengths below 128."""
    found, at = {}, 0
    while at < len(raw):
        found[raw[at]] = raw[at + 2 : at + 2 + raw[at + 1]]
        at += 2 + raw[at + 1]
    return found


def blocked(terminal: Terminal) -> None:
    """Block PIN and PUK as clients do, with nothing but padding."""
    nothing = b"\xff" * 8
    while terminal.send("00200080", nothing, le="")[1] != "6983":
        pass
    while terminal.send("002C0080", nothing + nothing, le="")[1] != "6983":
        pass


def make_yubikey(**options: Any) -> Terminal:
    made = {"randomness": seeded(7)} | options
    card = Card.blank(personality=Personality.YUBIKEY, **made)
    card.power_on()
    return Terminal(card, DEFAULT_KEY, Algorithm.AES192)


def sign(terminal: Terminal, key: str, algorithm: str = "11") -> str:
    """Sign a digest of 32 bytes, and tell the status."""
    request = tlv("7C", tlv("82", b"") + tlv("81", bytes(32)))
    return terminal.send(f"0087{algorithm}{key}", request)[1]


@pytest.fixture
def yubikey() -> Terminal:
    return make_yubikey()


@pytest.fixture
def open_yubikey(yubikey: Terminal) -> Terminal:
    """With the management key shown and the PIN verified."""
    assert yubikey.authenticate() == "9000"
    assert yubikey.verify(PIN) == "9000"
    return yubikey
