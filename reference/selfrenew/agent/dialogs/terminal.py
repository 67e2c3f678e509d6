# SPDX-License-Identifier: Apache-2.0
"""Questions at a terminal. POSIX only: elsewhere there are windows."""

import os
import select
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from selfrenew import messages
from selfrenew.agent.notice import ExpiryNotice
from selfrenew.secret import Secret
from selfrenew.services import Role

from .dismissable import Dismissable
from .protocol import Answer

_LINE_MAX_BYTES = 4096
_LOCAL_MODES = 3
"""Where termios keeps ECHO (termios(3))."""


class TerminalDialogs(Dismissable):
    """Asks at a terminal; a pipe beside it lets another thread take the question away."""

    def __init__(self, terminal: TextIO, output: TextIO) -> None:
        super().__init__()
        self._terminal = terminal.fileno()
        self._output = output
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)

    def ask_passcode(self, told: str = "") -> Secret | None:
        """Ask without showing what is typed; an empty line is no answer."""
        if told:
            self.tell(told)
        with self._unseen():
            line = self._ask(f"{messages.PASSCODE_PROMPT}: ")
        self.tell("")
        return Secret(line) if line else None

    def choose_role(self, roles: Sequence[Role]) -> Role | None:
        """Ask for a number until it is one of the list."""
        for number, role in enumerate(roles, 1):
            self.tell(f"  {number}  {role.name}, {role.organisation}")
        while (line := self._ask(f"{messages.CHOOSE_ROLE}: ")) is not None:
            if line.isdigit() and 0 < int(line) <= len(roles):
                return roles[int(line) - 1]
        return None

    def show_notice(self, notice: ExpiryNotice) -> Answer | None:
        """Ask for yes or no, in the words of the language in use."""
        self.tell(notice.text)
        self.tell(notice.about_certificate)
        answers = {
            messages.YES.casefold(): Answer.YES,
            messages.YES[:1].casefold(): Answer.YES,
            messages.NO.casefold(): Answer.NO,
            messages.NO[:1].casefold(): Answer.NO,
        }
        prompt = f"{messages.YES} / {messages.NO}: "
        while (line := self._ask(prompt)) is not None:
            answer = answers.get(line.decode(errors="replace").strip().casefold())
            if answer is not None:
                return answer
        return None

    def show_link(self, text: str, url: str, *, title: str | None = None) -> None:  # noqa: ARG002  of windows
        """Print it, the address on a line of its own."""
        self.tell(text)
        self.tell(url)

    def tell(self, text: str) -> None:
        """Print a line."""
        self._print(f"{text}\n")

    def _ask(self, prompt: str) -> bytes | None:
        """Read a line; None at the terminal's end, or where it was taken away."""
        with self._question() as may:
            if not may:
                return None
            self._print(prompt)
            ready, _, _ = select.select([self._terminal, self._woken], [], [])
            if self._woken in ready:
                # Half a passcode is not to be read by the next question, or by the shell.
                termios.tcflush(self._terminal, termios.TCIFLUSH)
                self.tell("")
                return None
            return self._read()

    def _read(self) -> bytes | None:
        try:
            line = os.read(self._terminal, _LINE_MAX_BYTES)
        except OSError:
            # The terminal was closed.
            return None
        return line.rstrip(b"\r\n") if line else None

    def _print(self, text: str) -> None:
        # A terminal that was closed has nobody to read it, and the session is still to be ended.
        with suppress(OSError):
            print(text, end="", file=self._output, flush=True)

    def _take_away(self) -> None:
        os.write(self._wake, b"\0")

    def _forget(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._woken, select.PIPE_BUF)

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        before = termios.tcgetattr(self._terminal)
        changed = list(before)
        changed[_LOCAL_MODES] &= ~termios.ECHO
        # TCSAFLUSH drops what was typed before anybody asked.
        termios.tcsetattr(self._terminal, termios.TCSAFLUSH, changed)
        try:
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, before)
