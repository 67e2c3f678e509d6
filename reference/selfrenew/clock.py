# SPDX-License-Identifier: Apache-2.0
"""Where the time comes from: every part is handed a clock, so a test can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the present moment as an aware datetime in UTC."""

TIME_TOLERANCE = timedelta(minutes=10)
"""How far the clocks of two machines may be apart and one still takes the other's word."""


def system_clock() -> datetime:
    """Tell the machine's own time, in UTC."""
    return datetime.now(UTC)
