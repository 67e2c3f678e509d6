# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.renewal import Due, Expired, NotDue, judge_window

END = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
WINDOW = timedelta(days=90)
SECOND = timedelta(seconds=1)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds have to be naive


@pytest.mark.parametrize(
    ("before_end", "expected"),
    [
        (WINDOW + SECOND, NotDue(END - WINDOW)),
        (WINDOW + timedelta(microseconds=1), NotDue(END - WINDOW)),
        (WINDOW, Due(90, END)),
        (WINDOW - SECOND, Due(89, END)),
        (timedelta(days=1), Due(1, END)),
        (timedelta(days=1) - SECOND, Due(0, END)),
        (SECOND, Due(0, END)),
        (timedelta(0), Due(0, END)),
        (-timedelta(microseconds=1), Expired(END)),
        (-timedelta(days=400), Expired(END)),
    ],
)
def test_the_window_opens_and_closes_to_the_instant(
    before_end: timedelta, expected: NotDue | Due | Expired
) -> None:
    assert judge_window([END], END - before_end) == expected


@settings(max_examples=60)
@given(ends=st.lists(instants, min_size=1, max_size=4), now=instants)
def test_the_earliest_end_alone_decides(ends: list[datetime], now: datetime) -> None:
    assert judge_window(ends, now) == judge_window([min(ends)], now)


@settings(max_examples=60)
@given(end=instants, left=st.timedeltas(timedelta(0), WINDOW))
def test_whole_days_are_rounded_down(end: datetime, left: timedelta) -> None:
    judged = judge_window([end], end - left)
    assert isinstance(judged, Due)
    assert timedelta(days=judged.days_left) <= left < timedelta(days=judged.days_left + 1)


def test_another_time_zone_is_the_same_instant() -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  only this test

    now = (END - WINDOW).astimezone(ZoneInfo("Europe/London"))
    assert judge_window([END], now) == Due(90, END)


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        judge_window([], END)
