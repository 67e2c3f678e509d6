# SPDX-License-Identifier: Apache-2.0
"""Writes a trace, line by line as things happen, with the secrets masked before they get here."""

import logging
import os
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from selfrenew.clock import Clock, system_clock
from selfrenew.transport.connection import CardRemovedError
from selfrenew_emulator.faults import Exchange, PulledOutError

from .errors import TraceExistsError, TraceWriteError
from .events import Event, EventKind, Header
from .masked import NOTHING, MaskedBytes
from .masking import Masker

_log = logging.getLogger(__name__)
_DISTRIBUTION = "smartcard-selfrenew"
# Certificates name people.
_OWNER_ONLY = 0o600


class TraceRecorder:
    """One file, begun when the first card answers; any thread may record.

    It is a `Tap`, too. A file that can no longer be written ends the recording, and never the
    conversation: `failure` says so then.
    """

    def __init__(
        self,
        path: Path,
        reader: str,
        *,
        clock: Clock = system_clock,
        ticks: Callable[[], float] = time.monotonic,
        overwrite: bool = False,
    ) -> None:
        """Promise a file. Raise TraceExistsError, or TraceWriteError without its folder."""
        if path.exists() and not overwrite:
            raise TraceExistsError(path)
        if not path.absolute().parent.is_dir():
            raise TraceWriteError(path, "there is no such folder")
        self.path = path
        self.failure: TraceWriteError | None = None
        self._reader = reader
        self._overwrite = overwrite
        self._clock, self._ticks = clock, ticks
        self._masker = Masker()
        self._begun: float | None = None
        self._powered = False
        self._out = False
        self._lock = threading.RLock()

    @property
    def begun(self) -> bool:
        """Whether a card was there, so that there is a file."""
        return self._begun is not None

    def power_up(self, atr: bytes) -> None:
        """Note a card that has answered a reset."""
        with self._lock:
            self._masker.reset()
            if self._begun is None:
                self._begin(atr)
            self._powered, self._out = True, False
            self._note(EventKind.POWER_UP, MaskedBytes.of(atr))

    def reset(self) -> None:
        """Note a reset."""
        self._end(EventKind.RESET)

    def power_down(self) -> None:
        """Note that the card has lost its power, or was let go; it may have been before."""
        if self._powered:
            self._end(EventKind.POWER_DOWN)

    def removal(self) -> None:
        """Note that the card is out; who finds out last does not note it again."""
        with self._lock:
            if not self._out:
                self._out = True
                self._end(EventKind.REMOVAL)

    def __call__(self, command: bytes, exchange: Exchange) -> bytes:
        """Have a command answered, and note both; what is raised is noted and raised."""
        with self._lock:
            self._note(EventKind.COMMAND, self._masker.command(command))
            try:
                answer = exchange(command)
            except Exception as error:
                # A card is taken out where its reader fails, too.
                cause = error.__cause__ if isinstance(error, PulledOutError) else error
                if cause is None or isinstance(cause, CardRemovedError):
                    self.removal()
                else:
                    # Its name alone: what others put into a text is not known.
                    self._note(EventKind.NO_ANSWER, reason=type(cause).__name__)
                raise
            self._note(EventKind.ANSWER, self._masker.answer(answer))
            return answer

    def _end(self, kind: EventKind) -> None:
        with self._lock:
            self._masker.reset()
            self._powered = kind is EventKind.RESET
            self._note(kind)

    def _begin(self, atr: bytes) -> None:
        program = f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"
        header = Header(self._clock(), self._reader, atr, program)
        flags = os.O_CREAT | (os.O_TRUNC if self._overwrite else os.O_EXCL)
        self._begun = self._ticks()
        self._write(header.to_line(), flags)

    def _note(self, kind: EventKind, content: MaskedBytes = NOTHING, *, reason: str = "") -> None:
        if self._begun is not None:
            at = self._ticks() - self._begun
            self._write(Event(at, kind, content, reason).to_line(), os.O_APPEND)

    def _write(self, line: str, flags: int) -> None:
        """Add a line to the file, which is open for as long as that takes."""
        if self.failure is not None:
            return
        try:
            handle = os.open(self.path, os.O_WRONLY | flags, _OWNER_ONLY)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(line)
        except OSError as error:
            self.failure = TraceWriteError(self.path, error.strerror or str(error))
            _log.warning("%s The conversation goes on and is not recorded.", self.failure)
