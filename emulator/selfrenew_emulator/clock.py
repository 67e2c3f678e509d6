# SPDX-License-Identifier: Apache-2.0
"""Clocks that a test sets and moves; every service of a stage reads the same one."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from selfrenew.clock import Clock, system_clock


class SettableClock:
    """Stands still until moved. Call it for the present moment (aware, UTC)."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self().isoformat()})"

    def set(self, now: datetime) -> None:
        """Move to a moment, earlier or later. Raise ValueError for a naive datetime."""
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware datetime: give it a tzinfo")
        self._keep(now)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._keep(self() + by)

    def _keep(self, now: datetime) -> None:
        self._now = now


class ClockFileError(Exception):
    """A clock's file cannot be read as a time."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"Reading the clock {file} failed: {reason}. It holds one time with its offset, such "
            "as 2026-03-02T09:00:00+00:00."
        )


class FileClock(SettableClock):
    """Its time lies in a file, so that programs beside this one go by it too.

    Further files are set along with the first: each program has one of its own, and is made to go
    wrong by a clock of that file alone. A file is replaced in one step.
    """

    def __init__(self, file: Path, *further: Path) -> None:
        self._files = (file, *further)

    def __call__(self) -> datetime:
        """Return the time in the first file. Raise ClockFileError."""
        file = self._files[0]
        try:
            now = datetime.fromisoformat(file.read_text("ascii").strip())
        except OSError as error:
            raise ClockFileError(file, error.strerror or str(error)) from error
        except ValueError as error:
            raise ClockFileError(file, str(error)) from error
        if now.tzinfo is None:
            raise ClockFileError(file, "it names no offset from UTC")
        return now

    def _keep(self, now: datetime) -> None:
        for file in self._files:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
            # Programs that go by it may be another account's; what time it is is no secret.
            os.fchmod(handle, 0o644)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(now.isoformat() + "\n")
            Path(name).replace(file)


def clock_from(file: Path | None) -> Clock:
    """Give the clock in a file, or the system's. Raise ClockFileError where it is no clock."""
    if file is None:
        return system_clock
    clock = FileClock(file)
    clock()
    return clock
