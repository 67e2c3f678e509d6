# SPDX-License-Identifier: Apache-2.0
from selfrenew.piv.references import Algorithm
from tests.card.conftest import Terminal

from .conftest import PIN, blocked


def test_a_reset_takes_both_pin_and_puk_blocked(open_yubikey: Terminal) -> None:
    assert open_yubikey.raw("00FB0000") == "6985"
    while open_yubikey.verify(b"000000") != "6983":
        pass
    assert open_yubikey.raw("00FB0000") == "6985"
    blocked(open_yubikey)
    assert open_yubikey.raw("00FB0000") == "9000"


def test_a_reset_gives_back_what_left_the_factory(open_yubikey: Terminal) -> None:
    fresh = open_yubikey.card.state
    objects, keys, serial = dict(fresh.objects), dict(fresh.keys), fresh.serial
    open_yubikey.raw("00FA0505")
    for tag in ("5FC102", "5FFF00", "5FC109"):
        open_yubikey.put(tag, b"content")
    open_yubikey.generate("9A", Algorithm.P256)
    open_yubikey.send("00FFFFFF", bytes.fromhex("039B18") + bytes(range(24)), le="")
    blocked(open_yubikey)
    assert open_yubikey.raw("00FB0000") == "9000"
    state = open_yubikey.card.state
    assert (state.objects, state.serial) == (objects, serial)
    assert {key: stored.material for key, stored in state.keys.items()} == {
        key: stored.material for key, stored in keys.items()
    }
    assert open_yubikey.put("5FC102", b"x") == "6982"
    assert open_yubikey.tries() == "63C3"
    assert open_yubikey.verify(PIN) == "9000"
    assert open_yubikey.authenticate() == "9000"
