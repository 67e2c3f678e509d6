# SPDX-License-Identifier: Apache-2.0
import pytest

from selfrenew.piv.references import Algorithm
from tests.card.conftest import Terminal, tlv, value

from .conftest import PIN, fields


def test_a_fresh_card_tells_its_default_values(yubikey: Terminal) -> None:
    assert yubikey.raw("00F7008000") == "0101FF050101060203039000"
    assert yubikey.raw("00F7008100") == "0101FF050101060203039000"
    assert yubikey.raw("00F7009B00") == "01010A020200010501019000"


def test_tries_and_values_are_those_of_now(yubikey: Terminal) -> None:
    yubikey.verify(b"000000")
    assert fields(yubikey.send("00F70080")[0])[6] == bytes((3, 2))
    other = b"abcdef\xff\xff"
    yubikey.send("00240080", PIN.ljust(8, b"\xff") + other, le="")
    assert fields(yubikey.send("00F70080")[0]) == {1: b"\xff", 5: b"\0", 6: bytes((3, 3))}
    yubikey.send("00240080", other + PIN.ljust(8, b"\xff"), le="")
    assert fields(yubikey.send("00F70080")[0])[5] == b"\1"


@pytest.mark.parametrize("reference", ["96", "9A", "82", "04", "00", "FF"])
def test_what_is_not_there_is_not_found(yubikey: Terminal, reference: str) -> None:
    assert yubikey.raw(f"00F700{reference}") == "6A88"


def test_a_key_pair_is_told_with_its_public_key(open_yubikey: Terminal) -> None:
    answer, _ = open_yubikey.generate("9A", Algorithm.P256)
    public = value(answer, "7F49")
    metadata = open_yubikey.send("00F7009A")[0]
    assert metadata == bytes.fromhex("010111 02020201 030101") + tlv("04", public)
    open_yubikey.send("00FE119A", tlv("06", bytes(31) + b"\x07"), le="")
    assert fields(open_yubikey.send("00F7009A")[0])[3] == b"\2"


def test_the_attestation_key_is_one_that_was_imported(yubikey: Terminal) -> None:
    metadata = fields(yubikey.send("00F700F9")[0])
    assert (metadata[1], metadata[2], metadata[3]) == (b"\x11", b"\1\1", b"\2")
