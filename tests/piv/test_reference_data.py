# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.piv import ReferenceDataFormatError, check_new_passcode, encode_reference_data
from selfrenew.secret import Secret


# The example of SP 800-73-4 Part 2, 2.4.3, and the shorter passcodes still on cards.
@pytest.mark.parametrize(
    ("secret", "encoded"),
    [
        (b"123456", "313233343536ffff"),
        (b"12345678", "3132333435363738"),
        (b"1234", "31323334ffffffff"),
        (b"\x00\xff\x00", "00ff00ffffffffff"),
    ],
)
def test_a_secret_is_padded_to_eight_bytes(secret: bytes, encoded: str) -> None:
    assert encode_reference_data(Secret(secret)).hex() == encoded


@pytest.mark.parametrize("secret", [b"", b"987654321"])
def test_a_secret_the_card_cannot_take_is_refused_without_repeating_it(secret: bytes) -> None:
    with pytest.raises(ReferenceDataFormatError, match="at most 8 characters") as caught:
        encode_reference_data(Secret(secret))
    assert not secret or secret.decode() not in str(caught.value)


@pytest.mark.parametrize("passcode", ["123456", "1234567", "12345678"])
def test_a_new_passcode_of_six_to_eight_digits_is_taken(passcode: str) -> None:
    check_new_passcode(Secret(passcode))


@pytest.mark.parametrize(
    "passcode", ["", "12345", "123456789", "12345a", "12345 ", "٣٣٣٣٣٣", "-12345", "12345\n"]
)
def test_any_other_new_passcode_is_refused_without_repeating_it(passcode: str) -> None:
    with pytest.raises(ReferenceDataFormatError, match="6 to 8 digits") as caught:
        check_new_passcode(Secret(passcode))
    assert not passcode or passcode not in str(caught.value)


@given(st.binary(max_size=12))
@settings(max_examples=50)
def test_no_secret_is_told_by_an_error(secret: bytes) -> None:
    texts = {_text_of(check, secret) for check in (encode_reference_data, check_new_passcode)}
    # The same texts whatever was entered, so nothing of it can be in them.
    assert texts <= {None, _text_of(encode_reference_data, b""), _text_of(check_new_passcode, b"")}


def _text_of(check: Callable[[Secret], object], secret: bytes) -> str | None:
    try:
        check(Secret(secret))
    except ReferenceDataFormatError as error:
        return str(error)
    return None
