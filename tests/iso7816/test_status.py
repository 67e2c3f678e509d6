# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.iso7816 import StatusWord, describe_status, tries_left


@pytest.mark.parametrize("word", list(StatusWord), ids=lambda word: word.name)
def test_each_known_status_is_described_by_number_and_meaning(word: StatusWord) -> None:
    assert describe_status(word) == f"{word:04X} ({word.meaning})"


@pytest.mark.parametrize(
    ("sw", "text"),
    [
        (0x63C0, "verification failed, 0 left"),
        (0x63CF, "verification failed, 15 left"),
        (0x6108, "8 more bytes"),
        (0x6100, "at least 256 more bytes"),
        (0x6C00, "wrong Le, 256 is right"),
        (0x1234, "does not know"),
    ],
)
def test_a_status_that_carries_a_number_tells_it(sw: int, text: str) -> None:
    assert text in describe_status(sw)


@given(st.integers(0, 0xFFFF))
def test_tries_are_read_off_63cx_alone(sw: int) -> None:
    expected = sw - 0x63C0 if 0x63C0 <= sw <= 0x63CF else None
    assert tries_left(sw) == expected
