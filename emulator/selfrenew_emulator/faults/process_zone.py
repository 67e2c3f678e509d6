# SPDX-License-Identifier: Apache-2.0
"""The time zone of this process: what its local time is, set and put back.

The variable TZ holds the name of a zone of the system's database, or a rule of its own
(POSIX.1-2024, Base Definitions, 8.3), which `tzset` reads.
"""

import os
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .errors import NothingToStrikeError

_VARIABLE = "TZ"
_HOUR = timedelta(hours=1)
# Half a year away, so that the hour is given back some other time.
_FAR_DAYS = 182


class ProcessZone:
    """This process's time zone, which whatever runs in it has local time by."""

    def __init__(self) -> None:
        self._before: list[str | None] = []

    def set(self, zone: str) -> None:
        """Go by a zone from now on. Raise NothingToStrikeError where a process has none to set."""
        if not hasattr(time, "tzset"):
            raise NothingToStrikeError("this system gives a process no time zone of its own")
        if not self._before:
            self._before.append(os.environ.get(_VARIABLE))
        _go_by(zone)

    def restore(self) -> None:
        """Go by the zone again that was there before, where another one was set."""
        while self._before:
            _go_by(self._before.pop())


def is_zone(name: str) -> bool:
    """Tell whether the system knows a zone of this name."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def switching_at(moment: datetime, *, begins: bool) -> str:
    """Give the rule of a zone that has this process's local time until a moment.

    From then on its clocks are an hour ahead, as summer time begins, or back, as it ends. Not while
    the local year is another one than UTC's: glibc looks for a turn in the latter alone.
    """
    local = moment.astimezone()
    offset = local.utcoffset() or timedelta()
    standard, summer = (offset, offset + _HOUR) if begins else (offset - _HOUR, offset)
    # Local time as it is until then, of whichever of the two the rule is about.
    here = f"{local.timetuple().tm_yday - 1}/{local:%H:%M:%S}"
    there = f"{(local.timetuple().tm_yday - 1 + _FAR_DAYS) % 365}/02:00:00"
    start, end = (here, there) if begins else (there, here)
    return f"<STD>{_west(standard)}<DST>{_west(summer)},{start},{end}"


def _west(offset: timedelta) -> str:
    """Write an offset as the variable has it: how far to the west of Greenwich."""
    seconds = -int(offset.total_seconds())
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else ''}{minutes // 60:02}:{minutes % 60:02}"


def _go_by(zone: str | None) -> None:
    if zone is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = zone
    time.tzset()
