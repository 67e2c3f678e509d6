# SPDX-License-Identifier: Apache-2.0
import pytest

from tests.card.conftest import Terminal

from .conftest import PIN, PUK, blocked


def padded(value: bytes) -> bytes:
    return value.ljust(8, b"\xff")


def change(terminal: Terminal, qualifier: str, old: bytes, new: bytes) -> str:
    return terminal.send(f"002400{qualifier}", padded(old) + padded(new), le="")[1]


def unblock(terminal: Terminal, puk: bytes, new: bytes) -> str:
    return terminal.send("002C0080", padded(puk) + padded(new), le="")[1]


@pytest.mark.parametrize("new", [b"abcdef", b"\0\1\2\3\4\5\6\x7f", b"12345678", b"p@ss w"])
def test_a_pin_and_a_puk_are_any_six_to_eight_ascii_characters(
    yubikey: Terminal, new: bytes
) -> None:
    assert change(yubikey, "80", PIN, new) == "9000"
    assert change(yubikey, "81", PUK, new) == "9000"
    yubikey.card.reset()
    assert yubikey.verify(new) == "9000"
    assert unblock(yubikey, new, PIN) == "9000"
    assert yubikey.verify(PIN) == "9000"


@pytest.mark.parametrize(
    "unfit", [b"", b"12345", b"12345\xff\xff\xff", "pässwo".encode(), b"12345\xff6"]
)
def test_a_shorter_one_and_other_bytes_are_not_chosen_and_cost_no_try(
    yubikey: Terminal, unfit: bytes
) -> None:
    yubikey.verify(b"000000")
    assert change(yubikey, "80", PIN, unfit) == "6985"
    assert change(yubikey, "81", PUK, unfit) == "6985"
    assert unblock(yubikey, PUK, unfit) == "6985"
    assert yubikey.tries() == "63C3"
    assert yubikey.card.state.references[0x81].tries == 3
    assert yubikey.verify(PIN) == "9000"


def test_whatever_is_shown_costs_a_try(yubikey: Terminal) -> None:
    assert yubikey.verify(b"") == "63C2"
    assert change(yubikey, "80", b"", b"") == "63C1"
    assert unblock(yubikey, b"", b"") == "63C2"
    assert change(yubikey, "81", b"", b"") == "63C1"
    blocked(yubikey)
    assert yubikey.verify(PIN) == "6983"
    assert unblock(yubikey, PUK, PIN) == "6983"


def test_data_of_another_length_is_no_try(yubikey: Terminal) -> None:
    assert yubikey.send("00200080", PIN, le="")[1] == "6A80"
    assert yubikey.tries() == "63C3"


@pytest.mark.parametrize("reference", ["0180", "0082", "0100"])
def test_there_is_nothing_else_to_change(yubikey: Terminal, reference: str) -> None:
    assert yubikey.send(f"0024{reference}", padded(PIN) * 2, le="")[1] == "6A88"


def test_the_tries_are_the_owners_choice(open_yubikey: Terminal) -> None:
    change(open_yubikey, "80", PIN, b"abcdef")
    change(open_yubikey, "81", PUK, b"abcdef")
    assert open_yubikey.raw("00FA14FF") == "9000"
    # The new number comes with the default values, and nobody has shown them.
    assert open_yubikey.tries() == "63CF"
    assert open_yubikey.verify(PIN) == "9000"
    assert unblock(open_yubikey, PUK, PIN) == "9000"
    references = open_yubikey.card.state.references
    assert (references[0x80].tries, references[0x81].tries) == (20, 255)


def test_the_tries_take_both_pin_and_management_key(yubikey: Terminal) -> None:
    assert yubikey.raw("00FA0505") == "6982"
    yubikey.verify(PIN)
    assert yubikey.raw("00FA0505") == "6982"
    yubikey.card.reset()
    yubikey.authenticate()
    assert yubikey.raw("00FA0505") == "6982"
    yubikey.verify(PIN)
    for none in ("00FA0005", "00FA0500"):
        assert yubikey.raw(none) == "6A86"
    assert yubikey.raw("00FA0505") == "9000"
