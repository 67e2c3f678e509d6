# SPDX-License-Identifier: Apache-2.0
"""Where the programs of a stage listen, and by which clock they go."""

from dataclasses import dataclass
from pathlib import Path

from selfrenew.clock import Clock, system_clock
from selfrenew_emulator.clock import ClockFileError, FileClock
from selfrenew_emulator.stage.errors import StateError
from selfrenew_emulator.stage.server import HOST


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to bind, and the names under which others reach it, for TLS certificates."""

    host: str = HOST
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name by which others reach it: the first, or else this machine's own address."""
        return self.names[0] if self.names else HOST


def clock_from(file: Path | None) -> Clock:
    """Give the clock in a file, or the system's. Raise StateError where the file is no clock."""
    if file is None:
        return system_clock
    clock = FileClock(file)
    try:
        clock()
    except ClockFileError as error:
        remedy = "Name a clock's file, or none for the system's clock."
        raise StateError(file, str(error), remedy) from error
    return clock
