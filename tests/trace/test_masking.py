# SPDX-License-Identifier: Apache-2.0
"""What a trace tells of a conversation, and what not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.iso7816 import CommandApdu, Instruction, Tlv
from selfrenew.piv import Algorithm, DataObject, KeyReference
from selfrenew_emulator.card.vendor import VendorInstruction
from selfrenew_emulator.trace import MaskedBytes, Masker

SUCCESS = b"\x90\x00"
DIGEST_TEMPLATE = "7C24820081200000000000000000000000000000000000000000000000000000000000000000"
PKCS1_BLOCK = b"\x00\x01" + b"\xff" * 202 + b"\x00" + bytes(51)
SELECT_ANOTHER = "00A4040008A000000527210101"


def masked(masker: Masker, *exchange: str) -> list[str]:
    command, answer = (bytes.fromhex(part) for part in exchange)
    return [str(masker.command(command)), str(masker.answer(answer))]


def template(*tlvs: Tlv) -> bytes:
    return bytes(Tlv(0x7C, b"".join(map(bytes, tlvs))))


def general_authenticate(algorithm: int, key: int, data: bytes) -> bytes:
    return bytes(CommandApdu(0, Instruction.GENERAL_AUTHENTICATE, algorithm, key, data, 256))


def told(command: bytes, answer: bytes) -> tuple[MaskedBytes, MaskedBytes]:
    masker = Masker()
    return masker.command(command), masker.answer(answer)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("00A4040005A000000308", "6106 4F04 01020304 9000"),
        ("00200080", "63C3"),
        ("00CB3FFF055C035FC10500", "5303 700100 9000"),
        ("00DB3FFF0A5C035FC105 5303 700100", "9000"),
        ("0047009A05AC0380011100", "7F4904 8602 04AA 9000"),
        ("0087119A26" + DIGEST_TEMPLATE + "00", "7C04 8202 3000 9000"),
        ("00F700 9A00", "0101119000"),
    ],
)
def test_what_is_public_is_told(command: str, answer: str) -> None:
    said = masked(Masker(), command, answer)
    assert said == [command.replace(" ", ""), answer.replace(" ", "")]


@pytest.mark.parametrize(
    ("command", "answer", "told_command", "told_answer"),
    [
        ("0020008008313233343536FFFF", "9000", "0020008008" + "**" * 8, "9000"),
        ("1024008003313233", "9000", "1024008003******", "9000"),
        ("002C00800000083132333435363738", "6983", "002C0080000008" + "**" * 8, "6983"),
        ("0020009808 3132333435363738", "9000", "0020009808" + "**" * 8, "9000"),
        ("00FFFFFE03 0A9B10", "9000", "00FFFFFE03******", "9000"),
        ("0087089B04 7C028100", "7C04 8102 AABB 9000", "0087089B047C028100", "7C048102****9000"),
        ("0087089B06 7C04 8202 AABB", "9000", "0087089B067C048202****", "9000"),
        ("1087089B03 7C0482", "9000", "1087089B03******", "9000"),
        ("0087089B04 82028181", "6A80", "0087089B04********", "6A80"),
        (
            "0087119D08 7C06 8200 8502 04AA",
            "7C04 8202 BBCC 9000",
            "0087119D087C068200850204AA",
            "**" * 6 + "9000",
        ),
        ("0087119A06 7C04 8502 04AA", "7C028200 9000", "0087119A067C04850204AA", "********9000"),
        ("00CB3FFF055C035FC109", "5302AABB9000", "00CB3FFF055C035FC109", "********9000"),
        ("00CB3FFF055C035FC123", "5302AABB9000", "00CB3FFF055C035FC123", "********9000"),
        ("00CB3FFF055C035FFF00", "5302AABB9000", "00CB3FFF055C035FFF00", "********9000"),
        ("00DB3FFF095C035FC1095302AABB", "9000", "00DB3FFF09" + "**" * 9, "9000"),
        ("00DB3FFF097E025302AABB010203", "9000", "00DB3FFF09" + "**" * 9, "9000"),
        ("0CCB3FFF028702", "87029000", "0CCB3FFF02****", "****9000"),
        ("002000800831", "6700", "**" * 6, "6700"),
        ("31", "67", "**", "**"),
        ("00CA00FE00", "AABB9000", "00CA00FE00", "****9000"),
    ],
)
def test_what_may_be_secret_is_hidden(
    command: str, answer: str, told_command: str, told_answer: str
) -> None:
    assert masked(Masker(), command, answer) == [told_command, told_answer]


@pytest.mark.parametrize("key", [KeyReference.PIV_AUTHENTICATION, KeyReference.KEY_MANAGEMENT])
@pytest.mark.parametrize("block", [PKCS1_BLOCK, bytes(256)], ids=["signature", "cryptogram"])
def test_an_rsa_answer_is_told_where_a_signing_key_signed(key: KeyReference, block: bytes) -> None:
    command = general_authenticate(
        Algorithm.RSA2048, key, template(Tlv(0x82, b""), Tlv(0x81, block))
    )
    answer = template(Tlv(0x82, b"\xaa" * 200)) + SUCCESS
    said = told(command, answer)
    assert said[0].hidden == 0
    signed = key is KeyReference.PIV_AUTHENTICATION and block is PKCS1_BLOCK
    assert said[1].hidden == (0 if signed else len(answer) - 2)


def test_a_chain_has_the_rule_of_its_beginning() -> None:
    masker = Masker()
    assert masked(masker, "10DB3FFF075C035FC1055320", "9000")[0].endswith("5320")
    assert masked(masker, "00DB3FFF02AABB", "9000")[0] == "00DB3FFF02AABB"
    assert masked(masker, "00DB3FFF02AABB", "9000")[0] == "00DB3FFF02****"


def test_a_chain_that_the_card_refused_has_no_rule_left() -> None:
    masker = Masker()
    masked(masker, "10DB3FFF075C035FC1055320", "6982")
    assert masked(masker, "00DB3FFF02AABB", "9000")[0] == "00DB3FFF02****"


def test_a_chain_that_is_given_up_hides_the_object_that_comes_instead() -> None:
    masker = Masker()
    masked(masker, "10DB3FFF075C035FC1055320", "9000")
    assert masked(masker, "00DB3FFF075C035FC10953AA", "9000")[0] == "00DB3FFF07" + "**" * 7


def test_get_response_has_the_rule_of_what_it_goes_on_with() -> None:
    masker = Masker()
    assert masked(masker, "00CB3FFF055C035FC105", "AA6101")[1] == "AA6101"
    assert masked(masker, "00C0000001", "BB9000")[1] == "BB9000"
    assert masked(masker, "00C0000001", "BB9000")[1] == "**9000"
    masked(masker, "00CB3FFF055C035FC109", "AA6101")
    assert masked(masker, "00C0000001", "BB9000")[1] == "**9000"


def test_another_application_is_not_told() -> None:
    masker = Masker()
    masked(masker, SELECT_ANOTHER, "6A82")
    assert masked(masker, "00CB3FFF055C035FC105", "AA9000")[1] == "AA9000"
    masked(masker, SELECT_ANOTHER, "9000")
    assert masked(masker, "00A40001021122", "AA9000") == ["00A4000102****", "**9000"]
    masker.reset()
    assert masked(masker, "00CB3FFF055C035FC105", "AA9000")[1] == "AA9000"


def test_a_yubikeys_management_application_tells_what_device_it_is() -> None:
    masker = Masker()
    masked(masker, "00A4040008A000000527471117", "9000")
    assert masked(masker, "001D000000", "AA9000")[1] == "AA9000"
    assert masked(masker, "001C000001AA", "AA9000") == ["001C000001**", "**9000"]


SECRET = st.binary(min_size=8, max_size=16)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % len(data) for cut in cuts} | {0, len(data)})
    return [data[one:two] for one, two in pairwise(at)]


def chained(ins: int, p1: int, p2: int, data: bytes, cuts: list[int]) -> list[bytes]:
    parts = pieces(data, cuts)
    last = len(parts) - 1
    return [
        bytes(CommandApdu(0x10 if at < last else 0, ins, p1, p2, part))
        for at, part in enumerate(parts)
    ]


@st.composite
def secret_commands(draw: st.DrawFn, secret: bytes) -> list[bytes]:
    """Ways to hand a card something secret, in one command or a chain cut anywhere."""
    by_name = DataObject.PRINTED_INFORMATION.tag.to_bytes(3, "big")
    ways = {
        Instruction.VERIFY: (0x00, draw(st.sampled_from([0x00, 0x80, 0x98])), secret),
        Instruction.CHANGE_REFERENCE_DATA: (0x00, 0x80, secret * 2),
        Instruction.RESET_RETRY_COUNTER: (0x00, 0x80, secret * 2),
        Instruction.GENERAL_AUTHENTICATE: (
            draw(st.sampled_from([0x00, 0x03, 0x08, 0x0A, 0x0C])),
            draw(st.sampled_from([0x9B, 0x9E])),
            template(Tlv(draw(st.sampled_from([0x80, 0x81, 0x82])), secret)),
        ),
        Instruction.PUT_DATA: (
            0x3F,
            0xFF,
            bytes(Tlv(0x5C, by_name)) + bytes(Tlv(0x53, secret)),
        ),
        VendorInstruction.IMPORT_KEY: (0x11, 0x9A, bytes(Tlv(0x06, secret))),
        VendorInstruction.SET_MANAGEMENT_KEY: (0xFF, 0xFF, b"\x08\x9b\x10" + secret),
    }
    ins = draw(st.sampled_from(sorted(ways)))
    p1, p2, data = ways[ins]
    cuts = draw(st.lists(st.integers(0, 200), max_size=5))
    commands = chained(ins, p1, p2, data, cuts)
    if draw(st.booleans()):
        # A length that is wrong, as from a program at fault.
        at = draw(st.integers(0, len(commands) - 1))
        commands[at] += draw(st.binary(min_size=2, max_size=4))
    return commands


@given(st.data(), SECRET)
def test_no_piece_of_a_secret_is_in_what_is_told(data: st.DataObject, secret: bytes) -> None:
    masker = Masker()
    before = data.draw(st.sampled_from(["", "00A4040005A000000308", "00CB3FFF055C035FC105"]))
    if before:
        masked(masker, before, data.draw(st.sampled_from(["9000", "6105", "6A82"])))
    sent = data.draw(secret_commands(secret))
    held: list[MaskedBytes] = []
    for command in sent:
        held.append(masker.command(command))
        held.append(masker.answer(data.draw(st.sampled_from([SUCCESS, b"\x63\xc2", b"\x6a\x80"]))))
    for command, told_command in zip(sent, held[::2], strict=True):
        # Only the header, Lc and, of a template, tags and lengths are told of any part.
        body = told_command.part(5)
        shown = bytes(byte for byte in body.octets if byte is not None)
        assert len(shown) <= 4, command.hex()
        if shown:
            assert shown[0] == 0x7C
            assert len(sent) == 1
