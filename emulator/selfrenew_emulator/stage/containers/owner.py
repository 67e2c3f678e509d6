# SPDX-License-Identifier: Apache-2.0
"""Whose containers are whose, so that only those of the dead are cleared away."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_START_FIELD = 19
"""Of /proc/PID/stat, counted behind the name: when the process began (proc(5))."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told from every other one that had or will have its number."""

    machine: str
    boot: str
    pid_namespace: str
    pid: int
    started: str

    @classmethod
    def this_process(cls) -> Self:
        """Name this process."""
        pid = os.getpid()
        return cls(_machine(), _boot(), _pid_namespace(), pid, _started(pid) or "")

    @classmethod
    def from_label(cls, text: str) -> Self | None:
        """Read a label; None for what no version of this wrote."""
        try:
            found = json.loads(text)
            return cls(
                str(found["machine"]),
                str(found["boot"]),
                str(found["pid_namespace"]),
                int(found["pid"]),
                str(found["started"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def label(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended; what cannot be known from here counts as living."""
        if self.machine != _machine():
            return False
        if self.boot != _boot():
            return True
        return self.pid_namespace == _pid_namespace() and _started(self.pid) != self.started


def _machine() -> str:
    for file in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        if file.exists():
            return file.read_text("ascii").strip()
    return os.uname().nodename


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()


def _pid_namespace() -> str:
    return str((_PROC / "self/ns/pid").readlink())


def _started(pid: int) -> str | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in brackets, and may hold blanks and brackets itself.
    return stat.rpartition(")")[2].split()[_START_FIELD]
