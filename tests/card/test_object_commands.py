# SPDX-License-Identifier: Apache-2.0
"""SELECT, GET DATA, PUT DATA, chaining, GET RESPONSE, lengths, and transactions."""

import pytest

from selfrenew_emulator.card import Card

from .conftest import SELECT, Terminal, tlv, value


@pytest.mark.parametrize(
    "aid", ["A000000308", "A0000003080000", "A000000308000010", "A000000308000010000100"]
)
def test_the_application_is_selected_by_its_whole_name_or_its_beginning(
    terminal: Terminal, aid: str
) -> None:
    answer, sw = terminal.send("00A40400", bytes.fromhex(aid))
    assert sw == "9000"
    template = value(answer, "61")
    assert value(template, "4F") == bytes.fromhex("000010000100")


@pytest.mark.parametrize(
    ("header", "aid", "sw"),
    [
        ("00A40400", "A000000308000020", "6A82"),
        ("00A40400", "A0000003", "6A82"),
        ("00A40400", "A00000030800001000010000", "6A82"),
        ("00A40000", "3F00", "6A86"),
        ("00A40402", "A000000308", "6A86"),
    ],
)
def test_another_name_is_not_found(terminal: Terminal, header: str, aid: str, sw: str) -> None:
    assert terminal.send(header, bytes.fromhex(aid))[1] == sw


def test_what_is_written_is_read(terminal: Terminal) -> None:
    assert terminal.authenticate() == "9000"
    content = bytes(range(256)) * 11
    assert terminal.put("5FC105", content) == "9000"
    assert terminal.get("5FC105") == (tlv("53", content), "9000")


def test_writing_needs_management_authentication(terminal: Terminal) -> None:
    terminal.verify()
    assert terminal.put("5FC105", b"x") == "6982"
    assert terminal.get("5FC105")[1] == "6A82"


@pytest.mark.parametrize("tag", ["5FC103", "5FC108", "5FC109", "5FC121", "5FC123"])
def test_what_is_private_needs_the_pin(terminal: Terminal, tag: str) -> None:
    terminal.authenticate()
    assert terminal.put(tag, b"private") == "9000"
    terminal.card.reset()
    assert terminal.get(tag)[1] == "6982"
    terminal.verify()
    assert terminal.get(tag) == (tlv("53", b"private"), "9000")


@pytest.mark.parametrize("tag", ["5FC102", "5FC105", "5FC10A", "5FC101", "5FC10B", "5FC106"])
def test_what_is_public_needs_nothing(terminal: Terminal, tag: str) -> None:
    terminal.authenticate()
    assert terminal.put(tag, b"public") == "9000"
    terminal.card.reset()
    assert terminal.get(tag) == (tlv("53", b"public"), "9000")


def test_the_discovery_object_names_application_and_pin(terminal: Terminal) -> None:
    answer, sw = terminal.get("7E")
    assert sw == "9000"
    inner = value(answer, "7E")
    assert value(inner, "4F") == bytes.fromhex("A000000308000010000100")
    assert value(inner[13:], "5F2F") == bytes.fromhex("4000")


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00CB3FFF055C035FC1FF00", "6A82"),
        ("00CB3FFE055C035FC10200", "6A86"),
        ("00CB3FFF055C045FC10200", "6A80"),
        ("00CB3FFF00", "6A80"),
        ("00DB3FFF055C035FC102", "6982"),
        ("00FD000000", "6D00"),
        ("80CB3FFF055C035FC10200", "6E00"),
        ("01CB3FFF055C035FC10200", "6881"),
        ("04CB3FFF055C035FC10200", "6882"),
        ("00C0000000", "6985"),
        ("10A4040005A000000308", "6884"),
        ("", "6700"),
        ("00", "6700"),
        ("00A404", "6700"),
        ("00A4040005A0", "6700"),
    ],
)
def test_each_refusal_has_its_status_word(terminal: Terminal, command: str, sw: str) -> None:
    assert terminal.raw(command) == sw


def test_a_long_answer_comes_in_portions(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.put("5FC105", bytes(600))
    first = terminal.card.transmit(bytes.fromhex("00CB3FFF055C035FC10500"))
    assert (len(first) - 2, first[-2:].hex()) == (256, "6100")
    second = terminal.card.transmit(bytes.fromhex("00C0000000"))
    assert (len(second) - 2, second[-2:].hex()) == (256, "615c")
    third = terminal.card.transmit(bytes.fromhex("00C000005C"))
    assert (len(third) - 2, third[-2:].hex()) == (92, "9000")
    assert terminal.raw("00C0000000") == "6985"


def test_another_command_drops_what_was_not_fetched(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.put("5FC105", bytes(600))
    terminal.card.transmit(bytes.fromhex("00CB3FFF055C035FC10500"))
    terminal.tries()
    assert terminal.raw("00C0000000") == "6985"


def test_extended_length_takes_and_gives_all_at_once(terminal: Terminal) -> None:
    terminal.authenticate()
    data = tlv("5C", bytes.fromhex("5FC105")) + tlv("53", bytes(900))
    command = bytes.fromhex("00DB3FFF00") + len(data).to_bytes(2, "big") + data
    assert terminal.card.transmit(command) == bytes.fromhex("9000")
    answer = terminal.card.transmit(bytes.fromhex("00CB3FFF0000055C035FC1050000"))
    assert answer == tlv("53", bytes(900)) + bytes.fromhex("9000")


def test_a_chain_that_is_broken_off_leaves_nothing(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.put("5FC105", b"before")
    part = tlv("5C", bytes.fromhex("5FC105")) + bytes.fromhex("53820200") + bytes(200)
    assert (
        terminal.card.transmit(bytes.fromhex("10DB3FFF") + bytes([len(part)]) + part) == b"\x90\x00"
    )
    terminal.tries()
    assert terminal.send("00DB3FFF", bytes(10), le="")[1] == "6A80"
    assert terminal.get("5FC105") == (tlv("53", b"before"), "9000")


def test_an_object_that_is_too_large_leaves_the_old_one(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.put("5FC105", b"before")
    huge = bytes(60_000)
    data = tlv("5C", bytes.fromhex("5FC105")) + tlv("53", huge)
    command = bytes.fromhex("00DB3FFF00") + len(data).to_bytes(2, "big") + data
    assert terminal.card.transmit(command).hex() == "6a84"
    assert terminal.get("5FC105") == (tlv("53", b"before"), "9000")


def test_power_is_lost_between_commands_and_nothing_volatile_stays(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.verify()
    terminal.card.power_off()
    terminal.card.power_on()
    assert terminal.tries() == "63C3"
    assert terminal.put("5FC105", b"x") == "6982"


def test_a_memory_that_cannot_be_written_refuses_and_stays_as_it_was(terminal: Terminal) -> None:
    card: Card = terminal.card
    terminal.authenticate()
    terminal.put("5FC105", b"before")

    def full(_: object) -> None:
        raise OSError("no space left on device")

    card.store.on_commit = full
    assert terminal.put("5FC105", b"after") == "6581"
    card.store.on_commit = None
    assert terminal.get("5FC105") == (tlv("53", b"before"), "9000")


def test_selecting_again_answers_the_same(terminal: Terminal) -> None:
    assert terminal.card.transmit(SELECT) == terminal.card.transmit(SELECT)
