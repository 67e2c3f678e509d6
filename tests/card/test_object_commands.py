# SPDX-License-Identifier: Apache-2.0
"""SELECT, GET DATA, PUT DATA, chaining, GET RESPONSE, lengths, and transactions."""

import pytest

from .conftest import SELECT, Terminal, make_terminal, tlv, value


@pytest.mark.parametrize(
    "aid", ["A000000308", "A0000003080000", "A000000308000010", "A000000308000010000100"]
)
def test_the_application_is_selected_by_its_whole_name_or_its_beginning(
    terminal: Terminal, aid: str
) -> None:
    answer, sw = terminal.send("00A40400", bytes.fromhex(aid))
    assert sw == "9000"
    template = value(answer, "61")
    # Part 2, 3.1.1: the complete AID with its version, however it was selected.
    assert value(template, "4F") == bytes.fromhex("A000000308000010000100")


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


def test_the_template_tells_authority_and_algorithms(terminal: Terminal) -> None:
    """Part 2, tables 3 to 5."""
    template = value(terminal.send("00A40400", bytes.fromhex("A000000308"))[0], "61")
    whole, authority = "4F0BA000000308000010000100", "79074F05A000000308"
    assert template.startswith(bytes.fromhex(whole + authority + "5003504956AC"))
    algorithms = value(template[template.index(b"\xac") :], "AC")
    assert algorithms.hex() == "80010780010580011680010880010a80010c800111800114" + "060100"


def test_the_template_tells_triple_des_only_where_it_is_allowed() -> None:
    allowed = make_terminal(allow_tdes=True).send("00A40400", bytes.fromhex("A000000308"))[0]
    assert bytes.fromhex("800103") in allowed


@pytest.mark.parametrize("le", ["", "00", "FF"])
def test_select_answers_whatever_le_says(terminal: Terminal, le: str) -> None:
    answer, sw = terminal.send("00A40400", bytes.fromhex("A000000308"), le)
    assert (answer[:1], sw) == (b"\x61", "9000")


def test_select_without_an_answer(terminal: Terminal) -> None:
    assert terminal.raw("00A4040C05A000000308") == "9000"


@pytest.mark.parametrize("aid", ["A000000308", "A0000005272001", "00", ""])
def test_no_select_takes_the_pin_or_management_back(terminal: Terminal, aid: str) -> None:
    """Part 2, 3.1.1: of its own name and of one that no application has."""
    terminal.verify()
    terminal.authenticate()
    terminal.send("00A40400", bytes.fromhex(aid))
    assert terminal.tries() == "9000"
    assert terminal.put("5FC105", b"x") == "9000"


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
        ("00CB3FFF065C04005FC10200", "6A80"),
        ("00CB3FFF065C81035FC10200", "6A80"),
        ("00CB3FFF055D035FC10200", "6A80"),
        ("00CB3FFF025C0000", "6A80"),
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


def test_selecting_again_answers_the_same(terminal: Terminal) -> None:
    assert terminal.card.transmit(SELECT) == terminal.card.transmit(SELECT)


def test_the_access_rule_of_every_object_is_that_of_the_standard(terminal: Terminal) -> None:
    """Part 1, tables 2 and 3."""
    private = {0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121, 0x5FC123}
    public = {*range(0x5FC101, 0x5FC124)} - private - {0x5FC104}
    terminal.authenticate()
    for tag in private | public:
        assert terminal.put(f"{tag:X}", tag.to_bytes(3, "big")) == "9000"
    terminal.card.reset()
    for tag in private | public:
        readable = (tlv("53", tag.to_bytes(3, "big")), "9000")
        assert terminal.get(f"{tag:X}") == (readable if tag in public else (b"", "6982"))
    assert terminal.get("5FC104")[1] == terminal.get("5FC124")[1] == "6A82"
    terminal.authenticate()
    assert terminal.put("5FC104", b"x") == terminal.put("5FC124", b"x") == "6A81"


# Part 1, 4.1: what is created and not used has zero length.
@pytest.mark.parametrize("before", [[], [b"x"], [b""]], ids=["none", "content", "empty"])
def test_an_empty_object_is_there_with_zero_length(terminal: Terminal, before: list[bytes]) -> None:
    terminal.authenticate()
    assert terminal.get("5FC105") == (b"", "6A82")
    for content in (*before, b""):
        assert terminal.put("5FC105", content) == "9000"
    terminal.card.reset()
    assert terminal.get("5FC105") == (bytes.fromhex("5300"), "9000")


@pytest.mark.parametrize(
    ("tag", "whole"),
    [
        ("7E", "7E124F0BA0000003080000100001005F2F024000"),
        ("7F61", "7F6103020101"),
        ("7F61", "7F6100"),
    ],
)
def test_two_objects_have_wrappers_of_their_own(terminal: Terminal, tag: str, whole: str) -> None:
    terminal.authenticate()
    assert terminal.send("00DB3FFF", bytes.fromhex(whole), le="")[1] == "9000"
    assert terminal.get(tag) == (bytes.fromhex(whole), "9000")


@pytest.mark.parametrize(
    "data",
    [
        *("", "5C", "5C00", "5C035FC105", "535C", "5300", "53005C035FC105", "5C035FC1055301"),
        *("5C035FC10553005300", "5C035FC1055400", "5C005300", "5C04005FC1055300", "5C017E5300"),
        *("5C027F615300", "7E00", "7E0100", "7E0F4F0BA0000003080000100001005F2F00", "7E007E00"),
        *("7E094F01A05F2F030000FF", "7E074F01A05F2F0120", "7E084F01A05F2F020000"),
    ],
)
def test_a_put_of_the_wrong_form_changes_nothing(terminal: Terminal, data: str) -> None:
    terminal.authenticate()
    terminal.put("5FC105", b"before")
    discovery = terminal.get("7E")
    assert terminal.send("00DB3FFF", bytes.fromhex(data), le="")[1] == "6A80"
    assert terminal.get("5FC105") == (tlv("53", b"before"), "9000")
    assert terminal.get("7E") == discovery


def test_a_card_is_full_at_some_time_and_keeps_what_it_has(terminal: Terminal) -> None:
    terminal.authenticate()
    statuses = [terminal.put(f"5FC1{number:02X}", bytes(30_000)) for number in range(0x0D, 0x15)]
    assert statuses[0] == "9000"
    assert statuses[-1] == "6A84"
    kept = statuses.count("9000")
    assert statuses == ["9000"] * kept + ["6A84"] * (8 - kept)
    assert terminal.get("5FC10D") == (tlv("53", bytes(30_000)), "9000")
    # Full is full of the rest: an object may still be replaced by one of its size.
    assert terminal.put("5FC10D", bytes(30_000)) == "9000"


def test_a_chain_that_does_not_end_is_cut_off(terminal: Terminal) -> None:
    terminal.authenticate()
    part = bytes.fromhex("10DB3FFFFF") + 255 * b"S"
    statuses = [terminal.card.transmit(part).hex() for _ in range(300)]
    assert set(statuses) == {"9000", "6a84"}
    assert statuses.index("6a84") == 257


@pytest.mark.parametrize(
    "header", ["10240080", "102C0080", "10CB3FFF", "10A40400"], ids=lambda header: header[2:4]
)
def test_only_some_commands_are_chained(terminal: Terminal, header: str) -> None:
    """Part 2, table 2."""
    assert terminal.raw(header + "02" + "5C01") == "6884"


# OpenSC first asks for eight bytes and expects them, with what is left.
def test_le_is_obeyed_to_the_byte(terminal: Terminal) -> None:
    terminal.authenticate()
    terminal.put("5FC105", bytes(range(100)))
    whole = tlv("53", bytes(range(100)))
    first = terminal.card.transmit(bytes.fromhex("00CB3FFF055C035FC10508"))
    assert first == whole[:8] + bytes.fromhex("615E")
    second = terminal.card.transmit(bytes.fromhex("00C0000001"))
    assert second == whole[8:9] + bytes.fromhex("615D")
    assert terminal.raw("00C0010000") == "6A86"
    assert terminal.raw("10C0000000") == "6884"
    assert terminal.card.transmit(bytes.fromhex("00C00000")) == whole[9:] + b"\x90\x00"


@pytest.mark.parametrize(
    ("le", "length"), [("0000", 604), ("025C", 604), ("0100", 256), ("0001", 1)]
)
def test_extended_le_is_obeyed_too(terminal: Terminal, le: str, length: int) -> None:
    terminal.authenticate()
    terminal.put("5FC105", bytes(600))
    answer = terminal.card.transmit(bytes.fromhex("00CB3FFF0000055C035FC105" + le))
    assert len(answer) - 2 == length
    assert answer[-2:].hex() == ("9000" if length == 604 else "6100")


@pytest.mark.parametrize("interruption", ["00", "80C00000", "00FF0000", "00200080"])
def test_an_answer_is_for_the_next_command_alone(terminal: Terminal, interruption: str) -> None:
    terminal.authenticate()
    terminal.put("5FC105", bytes(600))
    terminal.card.transmit(bytes.fromhex("00CB3FFF055C035FC10500"))
    terminal.raw(interruption)
    assert terminal.raw("00C0000000") == "6985"
