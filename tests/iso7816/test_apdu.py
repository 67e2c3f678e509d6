# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import ApduFormatError, CommandApdu, Iso7816Error, ResponseApdu

BYTE = st.integers(0, 255)
LE = st.none() | st.integers(1, 65536)

# ISO/IEC 7816-4's seven cases: 1, 2 to 4 short, 2 to 4 extended.
CASES = {
    "00200080": CommandApdu(0x00, 0x20, 0x00, 0x80),
    "00C0000008": CommandApdu(0x00, 0xC0, 0, 0, le=8),
    "00C0000000": CommandApdu(0x00, 0xC0, 0, 0, le=256),
    "00A4040005A000000308": CommandApdu(0x00, 0xA4, 4, 0, bytes.fromhex("A000000308")),
    "00CB3FFF035C017E00": CommandApdu(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C017E"), 256),
    "00C00000000000": CommandApdu(0x00, 0xC0, 0, 0, le=65536),
    "00C00000000101": CommandApdu(0x00, 0xC0, 0, 0, le=257),
    "00DB3FFF000100" + 256 * "AB": CommandApdu(0x00, 0xDB, 0x3F, 0xFF, 256 * b"\xab"),
    "00DB3FFF000100" + 256 * "AB" + "0000": CommandApdu(
        0x00, 0xDB, 0x3F, 0xFF, 256 * b"\xab", 65536
    ),
}


@pytest.mark.parametrize(("raw", "command"), CASES.items(), ids=[raw[:14] for raw in CASES])
def test_each_case_of_the_standard_is_read_and_written(raw: str, command: CommandApdu) -> None:
    assert CommandApdu.from_bytes(bytes.fromhex(raw)) == command
    assert bytes(command).hex().upper() == raw


@given(st.builds(CommandApdu, BYTE, BYTE, BYTE, BYTE, st.binary(max_size=600), LE))
@settings(max_examples=50)
def test_every_command_survives_a_round_trip(command: CommandApdu) -> None:
    assert CommandApdu.from_bytes(bytes(command)) == command


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_are_a_command_or_a_named_error(raw: bytes) -> None:
    try:
        command = CommandApdu.from_bytes(raw)
    except ApduFormatError:
        return
    assert CommandApdu.from_bytes(bytes(command)) == command


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "00A404",
        "00A4040005A0000003",
        "00A4040005A00000030800FF",
        "00DB3FFF0000",
        "00DB3FFF00000001",
        "00DB3FFF000002AA",
        "00DB3FFF000001AA00",
    ],
)
def test_a_length_that_does_not_fit_is_refused(raw: str) -> None:
    with pytest.raises(ApduFormatError):
        CommandApdu.from_bytes(bytes.fromhex(raw))


def test_what_fits_no_apdu_is_not_written() -> None:
    with pytest.raises(ApduFormatError, match="65536 bytes"):
        bytes(CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(65536)))
    with pytest.raises(ApduFormatError, match="Le 0"):
        bytes(CommandApdu(0, 0xCB, 0x3F, 0xFF, le=0))


@pytest.mark.parametrize("ins", [0x20, 0x24, 0x2C, 0xFE, 0xFF, 0x42])
def test_a_printed_command_hides_pin_puk_and_what_is_unknown(ins: int) -> None:
    text = repr(CommandApdu(0, ins, 0, 0x80, b"123456\xff\xff"))
    assert "3132" not in text
    assert "***" in text


def test_a_printed_command_shows_other_data() -> None:
    assert repr(CommandApdu(0, 0xCB, 0x3F, 0xFF, b"\x5c\x01\x7e", 256)) == (
        "CommandApdu(00 CB 3F FF, data='5c017e', le=256)"
    )


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
@settings(max_examples=25)
def test_every_answer_survives_a_round_trip(data: bytes, sw: int) -> None:
    assert ResponseApdu.from_bytes(bytes(ResponseApdu(data, sw))) == ResponseApdu(data, sw)


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_an_answer_without_a_status_word_is_refused(raw: bytes) -> None:
    with pytest.raises(Iso7816Error, match=f"this one {len(raw)}"):
        ResponseApdu.from_bytes(raw)
