# SPDX-License-Identifier: Apache-2.0
"""The renewal window: from exactly 90 days before notAfter until notAfter.

notAfter is read off the certificates, never computed; the earlier of the two drives the window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

OPEN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NotDue:
    """The window opens at `due_from`."""

    due_from: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """The window is open; `days_left` counts whole days."""

    days_left: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class Expired:
    """The window closed at `since`."""

    since: datetime


Window = NotDue | Due | Expired


def judge_window(not_after: Iterable[datetime], now: datetime) -> Window:
    """Judge certificates by the earliest end. Raise ValueError without any.

    >>> from datetime import UTC
    >>> end = datetime(2026, 4, 1, tzinfo=UTC)
    >>> judge_window([end], end - timedelta(days=90))
    Due(days_left=90, expires=datetime.datetime(2026, 4, 1, 0, 0, tzinfo=datetime.timezone.utc))
    """
    expires = min(not_after)
    if now > expires:
        return Expired(expires)
    if now < expires - OPEN_FOR:
        return NotDue(expires - OPEN_FOR)
    return Due((expires - now).days, expires)
