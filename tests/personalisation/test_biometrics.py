# SPDX-License-Identifier: Apache-2.0
"""Fingerprints and face of a complete card, byte by byte (SP 800-85B-4 draft, sections 5 and 9)."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from selfrenew_emulator.card import Interfaces
from selfrenew_emulator.personalisation.minutiae import draw_minutiae
from selfrenew_emulator.personalisation.portrait import draw_face
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW

from .conftest import CompleteCard

FINGERPRINTS, FACE = "5FC103", "5FC108"
BOTH = pytest.mark.parametrize("tag", [FINGERPRINTS, FACE])


def cbeff(card: CompleteCard, tag: str) -> bytes:
    fields = card.fields(tag)
    assert [each for each, _ in fields] == [0xBC, 0xFE]
    return fields[0][1]


def number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def record(card: CompleteCard, tag: str) -> bytes:
    raw = cbeff(card, tag)
    return raw[88 : 88 + number(raw[2:6])]


def moment(raw: bytes) -> datetime:
    century, year, month, day, hour, minute, second, zone = raw
    assert zone == ord("Z")
    return datetime(100 * century + year, month, day, hour, minute, second, tzinfo=UTC)


@BOTH
def test_header_record_and_signature_fill_the_object(card: CompleteCard, tag: str) -> None:
    """AS05.01.01, AS05.01.02, AS05.02.01: 88 bytes, then as many as the header says."""
    raw = cbeff(card, tag)
    assert number(raw[2:6]) > 0
    assert number(raw[6:8]) > 0
    assert len(raw) == 88 + number(raw[2:6]) + number(raw[6:8])


@pytest.mark.parametrize(
    ("tag", "format_type", "kind", "more"),
    [(FINGERPRINTS, "0201", "000008", (0b100, 80)), (FACE, "0501", "000002", (0b001, -2))],
)
def test_the_header_says_what_the_record_is(
    card: CompleteCard, tag: str, format_type: str, kind: str, more: tuple[int, int]
) -> None:
    """AS05.01.03 to .07, .10 to .15."""
    raw = cbeff(card, tag)
    assert (raw[0], raw[1]) == (0x03, 0b00001101)
    assert raw[8:12].hex() == "001b" + format_type
    assert raw[36:39].hex() == kind
    assert (raw[39] >> 5, int.from_bytes(raw[40:41], "big", signed=True)) == more
    creator = raw[41:59]
    text = creator.partition(b"\0")[0]
    assert 0 < len(text) <= 17
    assert text.decode("ascii").isprintable()
    assert creator == text.ljust(18, b"\0")
    assert raw[59:84] == card.fasc_n
    assert raw[84:88] == bytes(4)


@BOTH
def test_the_dates_last_as_long_as_the_card(card: CompleteCard, tag: str) -> None:
    """AS05.01.08, AS05.01.09."""
    raw = cbeff(card, tag)
    created, begins, ends = (moment(raw[at : at + 8]) for at in (12, 20, 28))
    assert created == begins == DEFAULT_NOW
    expires = dict(card.fields("5FC102"))[0x35].decode()
    assert ends.strftime("%Y%m%d") == expires


def test_the_minutiae_record_is_of_the_profile(card: CompleteCard) -> None:
    """AS05.02.02 to .12."""
    raw = record(card, FINGERPRINTS)
    assert raw[:8].hex() == "464d520020323000"
    assert number(raw[8:10]) == len(raw)
    assert 26 <= len(raw) <= 1574
    assert number(raw[10:12]) > 0
    assert number(raw[12:14]) > 0
    assert raw[14] >> 4 == 0b1000
    assert number(raw[14:16]) & 0x0FFF > 0
    width, height = number(raw[16:18]), number(raw[18:20])
    assert (width, height) != (0, 0)
    assert (number(raw[20:22]), number(raw[22:24])) == (197, 197)
    assert (raw[24], raw[25]) == (2, 0)


def views(raw: bytes) -> list[tuple[bytes, list[bytes]]]:
    """Split a record into its views: each header and its minutiae."""
    found, at = [], 26
    while at < len(raw):
        header = raw[at : at + 4]
        end = at + 4 + 6 * header[3]
        minutiae = [raw[each : each + 6] for each in range(at + 4, end, 6)]
        # AS05.02.19: no extended data.
        assert raw[end : end + 2] == bytes(2)
        found.append((header, minutiae))
        at = end + 2
    assert at == len(raw)
    return found


def test_two_fingers_have_minutiae_within_the_image(card: CompleteCard) -> None:
    """AS05.02.13 to .17, .19."""
    raw = record(card, FINGERPRINTS)
    width, height = number(raw[16:18]), number(raw[18:20])
    found = views(raw)
    assert [header[0] for header, _ in found] == [2, 7]
    for header, minutiae in found:
        assert header[1] >> 4 == 0
        assert header[1] & 0x0F in {0, 2}
        assert header[2] in {20, 40, 60, 80, 100, 254, 255}
        assert 0 < header[3] <= 128
        places = {(number(each[:2]) & 0x3FFF, number(each[2:4])) for each in minutiae}
        assert len(places) == len(minutiae)
        assert all(x < width and y < height for x, y in places)
        assert {each[0] >> 6 for each in minutiae} <= {0b00, 0b01, 0b10}
        assert all(each[4] < 180 for each in minutiae)


def test_the_face_record_is_of_the_profile(card: CompleteCard) -> None:
    """AS05.03.02 to .10."""
    raw = record(card, FACE)
    assert raw[:8].hex() == "4641430030313000"
    assert number(raw[8:12]) == len(raw)
    assert number(raw[12:14]) == 1
    assert number(raw[14:18]) == len(raw) - 14
    assert number(raw[18:20]) == 0
    image = raw[34:46]
    assert (image[0], image[1]) == (1, 0)
    assert (image[6], image[7]) == (1, 2)
    with Image.open(BytesIO(raw[46:])) as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert picture.size == (number(image[2:4]), number(image[4:6]))


@pytest.mark.parametrize("seed", range(5))
def test_a_face_is_not_squeezed_beyond_what_is_allowed(seed: int) -> None:
    """AS05.03.11: at most 24:1, and within the container."""
    raw = draw_face(seeded(seed))
    width, height = number(raw[36:38]), number(raw[38:40])
    assert 3 * width * height / (len(raw) - 46) <= 24
    assert len(raw) < 12704 - 88 - 600


def test_nobody_elses_fingers_and_face_are_on_two_cards(
    make_complete: Callable[..., CompleteCard],
) -> None:
    first, second = make_complete(Interfaces.DUAL), make_complete(Interfaces.CONTACT)
    assert record(first, FINGERPRINTS) != record(second, FINGERPRINTS)
    assert record(first, FACE) != record(second, FACE)


def test_one_seed_draws_one_person() -> None:
    assert draw_minutiae(seeded(3)) == draw_minutiae(seeded(3))
    assert draw_face(seeded(3)) == draw_face(seeded(3))
