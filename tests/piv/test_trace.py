# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import CommandApdu
from selfrenew.piv.trace import describe_command


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("00A4040005A000000308", "SELECT of the application A000000308"),
        ("00A4000C023F00", "SELECT"),
        ("0020FF80", "VERIFY: forget the APPLICATION PIN"),
        ("00CB3FFF055C035FC10A", "GET DATA of the signing certificate"),
        ("00DB3FFF085C035FC10553015A", "PUT DATA of the authentication certificate"),
        ("00CB3FFF055C035FFFFF", "GET DATA of the object 5FFFFF"),
        ("00CB3FFF00", "GET DATA of the ?"),
        ("00200080", "VERIFY: tries left of the APPLICATION PIN"),
        ("0020008008313233343536FFFF", "VERIFY of the APPLICATION PIN"),
        ("0024008101FF", "CHANGE REFERENCE DATA of the PUK"),
        (
            "0047009C05AC03800111",
            "GENERATE ASYMMETRIC KEY PAIR as the DIGITAL SIGNATURE key (9C), P256",
        ),
        (
            "0087079A047C028200",
            "GENERAL AUTHENTICATE with the PIV AUTHENTICATION key (9A), RSA2048",
        ),
        ("0047FF0002AC05", "GENERATE ASYMMETRIC KEY PAIR as the 00 key (00), ?"),
        ("00FF0000", "INS FF"),
    ],
)
def test_a_command_is_put_in_words(command: str, words: str) -> None:
    assert describe_command(CommandApdu.from_bytes(bytes.fromhex(command))) == words


@settings(max_examples=60)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=20))
def test_any_command_has_words(ins: int, p1: int, p2: int, data: bytes) -> None:
    assert describe_command(CommandApdu(0, ins, p1, p2, data))
