# SPDX-License-Identifier: Apache-2.0
"""A clock that a test sets and moves; every service of a stage reads the same one."""

from datetime import datetime, timedelta


class SettableClock:
    """Stands still until moved. Call it for the present moment (aware, UTC)."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def __repr__(self) -> str:
        return f"SettableClock({self._now.isoformat()})"

    def set(self, now: datetime) -> None:
        """Move to a moment, earlier or later. Raise ValueError for a naive datetime."""
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware datetime: give it a tzinfo")
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
