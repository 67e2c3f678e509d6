# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import Tlv, TlvFormatError, find, parse_tlvs

ONE_BYTE = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)
FIRST = st.integers(0, 7).map(lambda top: top << 5 | 0x1F)
TWO_BYTES = st.builds(lambda first, last: first << 8 | last, FIRST, st.integers(0, 0x7F))
THREE_BYTES = st.builds(
    lambda first, middle, last: first << 16 | middle << 8 | last,
    FIRST,
    st.integers(0x80, 0xFF),
    st.integers(0, 0x7F),
)
TLVS = st.builds(Tlv, ONE_BYTE | TWO_BYTES | THREE_BYTES, st.binary(max_size=300))


@given(st.lists(TLVS, max_size=4))
@settings(max_examples=50)
def test_every_run_of_data_objects_survives_a_round_trip(tlvs: list[Tlv]) -> None:
    assert parse_tlvs(b"".join(map(bytes, tlvs))) == tlvs


@given(st.binary(max_size=64))
@settings(max_examples=100)
def test_any_bytes_are_data_objects_or_a_named_error(raw: bytes) -> None:
    try:
        tlvs = parse_tlvs(raw)
    except TlvFormatError:
        return
    assert parse_tlvs(b"".join(map(bytes, tlvs))) == tlvs


@pytest.mark.parametrize(
    ("tlv", "raw"),
    [
        (Tlv(0x7E, b""), "7E00"),
        (Tlv(0x5F2F, b"\x40\x00"), "5F2F024000"),
        (Tlv(0x5FC105, b"\x01"), "5FC1050101"),
        (Tlv(0x53, bytes(0x7F)), "537F" + 0x7F * "00"),
        (Tlv(0x53, bytes(0x80)), "538180" + 0x80 * "00"),
        (Tlv(0x53, bytes(0x100)), "53820100" + 0x100 * "00"),
        (Tlv(0x53, bytes(0x10000)), "5383010000" + 0x10000 * "00"),
    ],
    ids=["empty", "two-byte tag", "three-byte tag", "127", "128", "256", "65536"],
)
def test_the_encoding_is_that_of_the_standard(tlv: Tlv, raw: str) -> None:
    assert bytes(tlv).hex().upper() == raw
    assert Tlv.from_bytes(bytes.fromhex(raw)) == tlv


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("53", "length is missing"),
        ("5F", "tag is cut off"),
        ("5FC1", "tag is cut off"),
        ("5FC18105", "more than three bytes"),
        ("5380", "80 is indefinite"),
        ("53850000000001AA", "85 is indefinite, too long"),
        ("5384000001", "84 is indefinite, too long or cut off"),
        ("5384FFFFFFFFAA", "announces 4294967295 bytes where 1 are left"),
        ("5381", "81 is indefinite, too long or cut off"),
        ("5302AA", "announces 2 bytes where 1 are left"),
    ],
)
def test_what_is_no_data_object_is_named(raw: str, why: str) -> None:
    with pytest.raises(TlvFormatError, match=why):
        parse_tlvs(bytes.fromhex(raw))


# ISO/IEC 7816-4, 6.3: one to four bytes may follow, and need not be as few as they could.
@pytest.mark.parametrize("length", ["03", "8103", "820003", "83000003", "8400000003"])
def test_a_length_has_up_to_five_bytes(length: str) -> None:
    raw = bytes.fromhex("53" + length + "AABBCC")
    assert Tlv.from_bytes(raw) == Tlv(0x53, b"\xaa\xbb\xcc")
    assert find(raw + raw, 0x53) == b"\xaa\xbb\xcc"


@pytest.mark.parametrize("raw", [b"", b"\x53\x00\x54\x00"])
def test_one_data_object_means_neither_none_nor_two(raw: bytes) -> None:
    with pytest.raises(TlvFormatError, match="one data object was due"):
        Tlv.from_bytes(raw)


def test_find_gives_the_first_of_a_tag() -> None:
    raw = bytes.fromhex("8001AA8101BB8001CC")
    assert find(raw, 0x80) == b"\xaa"
    assert find(raw, 0x82) is None
