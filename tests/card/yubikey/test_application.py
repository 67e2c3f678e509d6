# SPDX-License-Identifier: Apache-2.0
import pytest

from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.randomness import seeded
from tests.card.conftest import Terminal, make_terminal

from .conftest import make_yubikey

SELECT_PIV = "00A4040005A00000030800"
SELECT_MANAGEMENT = "00A4040008A00000052747111700"
VENDOR_INSTRUCTIONS = ["F6", "F7", "F8", "F9", "FA", "FB", "FD", "FE", "FF"]


def test_selecting_piv_answers_as_a_yubikey_does(yubikey: Terminal) -> None:
    # From the examples of Yubico's SDK manual.
    assert yubikey.raw(SELECT_PIV) == "61114F0600001000010079074F05A0000003089000"


def test_version_and_serial_are_told(yubikey: Terminal) -> None:
    assert yubikey.raw("00FD0000") == "0507049000"
    serial = yubikey.card.state.serial
    assert serial is not None
    assert yubikey.raw("00F80000") == f"{serial:08X}9000"
    assert len(str(serial)) == 8
    for command in ("00FD0100", "00F80001", "00FB0001", "00F70180"):
        assert yubikey.raw(command) == "6A86"


def test_each_card_has_a_serial_of_its_own() -> None:
    assert make_yubikey().card.state.serial == make_yubikey().card.state.serial
    other = make_yubikey(randomness=seeded(8)).card.state.serial
    assert make_yubikey().card.state.serial != other


def test_the_management_application_has_its_own_instructions(yubikey: Terminal) -> None:
    assert yubikey.raw("001D0000") == "6D00"
    answer = yubikey.raw(SELECT_MANAGEMENT)
    assert bytes.fromhex(answer[:-4]).decode() == "Virtual mgr - FW version 5.7.4"
    description = bytes.fromhex(yubikey.raw("001D0000")[:-4])
    assert description[0] == len(description) - 1
    assert yubikey.raw("001D0100") == "6A86"
    for command in ("00FD0000", "00200080", "00CB3FFF035C017E00", "001C000000", "001F0000"):
        assert yubikey.raw(command) == "6D00"
    assert yubikey.raw(SELECT_PIV).endswith("9000")
    assert yubikey.raw("001D0000") == "6D00"


def test_another_application_ends_what_was_verified(open_yubikey: Terminal) -> None:
    open_yubikey.raw(SELECT_PIV)
    assert open_yubikey.tries() == "9000"
    open_yubikey.raw(SELECT_MANAGEMENT)
    open_yubikey.raw(SELECT_PIV)
    assert open_yubikey.tries() == "63C3"
    assert open_yubikey.put("5FC102", b"x") == "6982"


@pytest.mark.parametrize(
    "aid",
    ["A000000527200101", "A0000005272001", "A000000527471118", "A000000527", "A000000151000000"],
)
@pytest.mark.parametrize("selected", [SELECT_PIV, SELECT_MANAGEMENT])
def test_a_refused_select_leaves_the_application(
    yubikey: Terminal, aid: str, selected: str
) -> None:
    yubikey.raw(selected)
    in_piv = yubikey.raw("00FD0000")
    assert yubikey.send("00A40400", bytes.fromhex(aid))[1] == "6A82"
    assert yubikey.raw("00A4000000") == "6A86"
    assert yubikey.raw("00FD0000") == in_piv


def test_a_reset_selects_piv(yubikey: Terminal) -> None:
    yubikey.raw(SELECT_MANAGEMENT)
    yubikey.card.reset()
    assert yubikey.raw("00FD0000") == "0507049000"


def test_the_card_that_is_no_yubikey_knows_none_of_this() -> None:
    terminal = make_terminal()
    terminal.authenticate()
    terminal.verify()
    for ins in VENDOR_INSTRUCTIONS:
        for cla in ("00", "10"):
            assert terminal.raw(f"{cla}{ins}009A0400112233") == "6D00"
    assert terminal.raw(SELECT_MANAGEMENT) == "6A82"
    assert terminal.raw("001D0000") == "6D00"


def test_each_instruction_is_known_or_refused_as_unknown(yubikey: Terminal) -> None:
    answers = {ins: yubikey.card.transmit(bytes([0, ins, 9, 9])) for ins in range(256)}
    known = {f"{ins:02X}" for ins, answer in answers.items() if answer != b"\x6d\0"}
    assert known == {
        *("20", "24", "2C", "47", "87", "A4", "C0", "CB", "DB"),
        *VENDOR_INSTRUCTIONS,
    }


def test_each_card_has_its_own_atr_that_clients_do_not_mistake(yubikey: Terminal) -> None:
    atrs = {yubikey.card.atr, make_terminal().card.atr}
    assert len(atrs) == 2
    for atr in atrs:
        assert atr[1] >> 4 != 0xF
        assert atr[1] >> 4 != 0x8
        check = 0
        for byte in atr[1:]:
            check ^= byte
        assert check == 0
    assert b"YubiKey" in yubikey.card.atr
    assert atr[1] & 0x0F == len(atr) - 11


def test_only_a_yubikey_has_default_secrets() -> None:
    with pytest.raises(ValueError, match="piv has no default secrets"):
        Card.blank(pin=b"123456", puk=b"12345678")
    card = Card.blank(
        personality=Personality.YUBIKEY, pin=b"000000", puk=b"11111111", management_key=bytes(24)
    )
    terminal = Terminal(card, bytes(24))
    assert terminal.verify(b"000000") == "9000"
    assert terminal.authenticate() == "9000"
