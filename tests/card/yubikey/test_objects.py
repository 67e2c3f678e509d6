# SPDX-License-Identifier: Apache-2.0
import pytest

from tests.card.conftest import Terminal, tlv


@pytest.mark.parametrize("tag", ["5FFF00", "5FFF10", "5FFF11", "5FFF15", "5F0000", "5FFFFF"])
def test_any_object_of_the_owners_is_kept_and_read_by_all(open_yubikey: Terminal, tag: str) -> None:
    assert open_yubikey.get(tag) == (b"", "6A82")
    assert open_yubikey.put(tag, bytes(3000)) == "9000"
    open_yubikey.card.reset()
    assert open_yubikey.get(tag) == (tlv("53", bytes(3000)), "9000")
    assert open_yubikey.put(tag, b"") == "6982"


def test_an_empty_object_is_no_object(open_yubikey: Terminal) -> None:
    for content in (b"", b"x", b""):
        assert open_yubikey.put("5FC105", content) == "9000"
    assert open_yubikey.get("5FC105") == (b"", "6A82")


@pytest.mark.parametrize("tag", ["5EFFFF", "600000", "5FC1", "02"])
def test_an_object_of_another_kind_is_not_kept(open_yubikey: Terminal, tag: str) -> None:
    assert open_yubikey.get(tag) == (b"", "6A82")
    assert open_yubikey.put(tag, b"x") == "6A80"


def test_what_the_standard_protects_stays_protected(open_yubikey: Terminal) -> None:
    open_yubikey.put("5FC109", b"the management key")
    assert open_yubikey.get("5FC109")[1] == "9000"
    open_yubikey.card.reset()
    assert open_yubikey.get("5FC109") == (b"", "6982")
