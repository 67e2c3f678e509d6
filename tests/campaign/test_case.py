# SPDX-License-Identifier: Apache-2.0
"""The line that repeats a case alone."""

import pytest

from selfrenew_emulator.campaign.case import Case, CaseFormatError
from selfrenew_emulator.campaign.kills import Kill, draw_kills
from selfrenew_emulator.faults import UnknownFaultError

LINES = [
    "renewal p256 piv",
    "unlock rsa2048 yubikey | card.removed:at=3,phase=after",
    "renewal p256 piv | card.torn:during=PUT DATA,slot=9c,kind=half | card.status:at=3,sw=6F00",
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_as_it_is_written(line: str) -> None:
    assert str(Case.read(line)) == line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "it has not the parts of one"),
        ("renewal p256", "it has not the parts of one"),
        ("renewal p256 piv | card.slow | card.slow | card.slow", "it has not the parts"),
        ("holiday p256 piv", "known are renewal, unlock"),
        ("renewal p999 piv", "p256, rsa2048"),
        ("renewal p256 teapot", "piv, yubikey"),
    ],
)
def test_a_line_that_is_no_case_is_refused_with_what_is_known(line: str, said: str) -> None:
    with pytest.raises(CaseFormatError, match=said):
        Case.read(line)


def test_a_fault_that_is_not_known_lists_the_known() -> None:
    with pytest.raises(UnknownFaultError, match=r"Known: ca\."):
        Case.read("renewal p256 piv | card.eaten")


def test_kills_are_drawn_by_their_seed_and_written_as_lines() -> None:
    drawn = draw_kills(20, "7")
    assert drawn == draw_kills(20, "7")
    assert drawn != draw_kills(20, "8")
    assert [Kill.read(str(each)) for each in drawn] == drawn
    assert any(each.order for each in drawn)
    assert any(each.instant for each in drawn)


@pytest.mark.parametrize(
    "line",
    [
        "sigkill",
        "sigkill p999 piv | after=1/10000",
        "sigkill p256 x",
        "sigkill p256 piv | after=10000/10000",
        "sigkill p256 piv | after=9us",
    ],
)
def test_a_line_that_is_no_kill_is_refused(line: str) -> None:
    with pytest.raises(CaseFormatError):
        Kill.read(line)
