# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a trace, or with a conversation that was to go like one.

TraceError
├── TraceMissingError   no such file
├── TraceDamagedError   not a trace, or a line of it is not what it was
├── TraceVersionError   written by a newer version of this program
├── TraceExistsError    a file is there that would be overwritten
├── TraceWriteError     the file cannot be written
├── NothingToPlayError  the trace ends before a card was there
└── DivergedError       the conversation is not the one that was recorded
"""

from pathlib import Path


class TraceError(Exception):
    """A trace cannot be used, or was not followed."""


class TraceMissingError(TraceError):
    """There is no file at that path."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no trace at {path}. Record one: selfrenew-emulator trace record."
        )


class TraceDamagedError(TraceError):
    """A line cannot be what was written there."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        self.line = line
        super().__init__(
            f"Reading the trace {path} failed at line {line}: {why}. It was left as it is; restore "
            f"a copy, or keep the {line - 1} lines before it and show those."
            if line > 1
            else f"Reading the trace {path} failed at line 1: {why}. It was left as it is; a trace "
            "is a file that selfrenew-emulator trace record has written."
        )


class TraceVersionError(TraceError):
    """The trace was written by a newer version."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"Reading the trace {path} failed at line 1: it has version {version}, this program "
            f"reads version {known}. Update the program."
        )


class TraceExistsError(TraceError):
    """There is a file already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is a file {path} already; name another one, or use --force.")


class TraceWriteError(TraceError):
    """The system refuses to have the file written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Writing {path} failed: {reason}. Name another folder, or make room in this one."
        )


class NothingToPlayError(TraceError):
    """No card ever answered."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Playing the trace {path} failed: no command is in it. Record a conversation first."
        )


class DivergedError(TraceError):
    """Another command came than the one of the trace, or none."""
