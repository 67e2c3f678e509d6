# SPDX-License-Identifier: Apache-2.0
"""How long a renewal takes, measured again as the machine gets busier."""

from selfrenew_emulator.campaign.pace import Pace


def measure(pace: Pace, seconds: float) -> int:
    """Measure what is due, and tell how often that was."""
    number = 0
    while pace.is_due:
        pace.note(seconds)
        number += 1
    return number


def test_the_first_ones_are_not_counted() -> None:
    pace = Pace()
    for seconds in (9.0, 9.0, 9.0, 1.0, 2.0, 3.0, 4.0, 5.0):
        assert pace.is_due
        pace.note(seconds)
    assert not pace.is_due
    assert pace.seconds == 3.0


def test_it_is_measured_anew_now_and_then_and_follows() -> None:
    pace = Pace()
    assert measure(pace, 1.0) == 8
    told = []
    for _ in range(12):
        told.append(pace.seconds)
        assert measure(pace, 2.0) in {0, 1}
    assert told == sorted(told)
    assert (told[0], told[-1]) == (1.0, 2.0)
