# SPDX-License-Identifier: Apache-2.0
"""A trace as a scripted card: it answers as the recorded one did.

Strict, it wants the same commands in the same order. The first other command is the difference;
from there on every command is answered 6F00. Tolerant, it answers each command as it was answered
next after the last one, wherever in the trace that is, and 6F00 to a command that is nowhere in it.

Hidden bytes of a command match anything, and in an answer they are zeros. A command that was not
answered takes the card out again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from selfrenew.iso7816 import CommandApdu, Instruction, ResponseApdu, StatusWord
from selfrenew_emulator.card import Interface
from selfrenew_emulator.faults import PulledOutError
from selfrenew_emulator.reader import LinkedCard

from .decoding import data_of, describe, parse
from .errors import DivergedError, NothingToPlayError
from .events import EventKind, Trace
from .masked import MaskedBytes
from .masking import Masker
from .seat import Cards, Gone

_ANOTHER_WAY = bytes(ResponseApdu(b"", StatusWord.NO_PRECISE_DIAGNOSIS))


@dataclass(frozen=True, slots=True)
class _Step:
    command: MaskedBytes
    answer: MaskedBytes | None
    line: int


class ScriptedCard:
    """Plays a trace in any reader that takes a card.

    `on_difference` is told of the first difference in words, without anything secret.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        tolerant: bool = False,
        on_difference: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the script. Raise NothingToPlayError."""
        self._trace = trace
        self._steps = tuple(_steps(trace))
        if not self._steps:
            raise NothingToPlayError(trace.path)
        self._tolerant = tolerant
        self._on_difference = on_difference
        self._at = 0
        self._struck: set[int] = set()
        self._masker = Masker()
        self.difference: str | None = None

    @property
    def atr(self) -> bytes:
        """The recorded answer to reset."""
        return self._trace.header.atr

    @property
    def played(self) -> bool:
        """Whether every command of the script has come, or a difference ended it."""
        return self._at >= len(self._steps) or (not self._tolerant and self.difference is not None)

    def power_on(self, interface: Interface | None = None) -> bytes:
        """Give the card power, through whatever interface."""
        del interface  # it was recorded through one
        self._masker.reset()
        return self.atr

    def power_off(self) -> None:
        """Take the power away; the script goes on where it was."""
        self._masker.reset()

    def reset(self) -> None:
        """Reset the card; the script goes on where it was."""
        self._masker.reset()

    def transmit(self, command: bytes) -> bytes:
        """Answer a command. Raise PulledOutError where the recorded card gave no answer."""
        said = self._masker.command(command)
        step = self._next(command, said)
        if step is None:
            self._masker.answer(_ANOTHER_WAY)
            return _ANOTHER_WAY
        if step.answer is None:
            raise PulledOutError
        answer = step.answer.filled()
        self._masker.answer(answer)
        return answer

    def verify(self) -> None:
        """Raise DivergedError where another command came, or, strict, where not all came."""
        if self.difference is not None:
            raise DivergedError(self.difference)
        if not self._tolerant and not self.played:
            step = self._steps[self._at]
            raise DivergedError(
                f"The conversation ended before line {step.line} of {self._trace.path}: there, "
                f"{describe(step.command)} was due. Let the program go on, or play a shorter trace."
            )

    def _next(self, command: bytes, said: MaskedBytes) -> _Step | None:
        if self._tolerant:
            found = self._find(command)
            if found is None:
                self._differ(
                    f"No command of {self._trace.path} is like {describe(said)}. It is answered "
                    "6F00. Record a conversation in which the program sends it."
                )
                return None
            self._at = found + 1
            return self._steps[found]
        if self.difference is not None:
            return None
        if self._at >= len(self._steps):
            self._differ(
                f"The conversation goes on where {self._trace.path} ends, after line "
                f"{self._steps[-1].line}, with {describe(said)}. It is answered 6F00. Record a "
                "conversation that goes as far."
            )
            return None
        step = self._steps[self._at]
        if not step.command.matches(command):
            self._differ(
                f"The conversation differs from line {step.line} of {self._trace.path}: there, "
                f"{describe(step.command)}; now, {describe(said)}. From here on all is answered "
                "6F00. Have the program do as it did, record anew, or play the trace --tolerant."
            )
            return None
        self._at += 1
        return step

    def _find(self, command: bytes) -> int | None:
        """Find the next step like a command, from the last one on and round to it again."""
        ways: tuple[Callable[[MaskedBytes, bytes], bool], ...] = (MaskedBytes.matches, _is_like)
        order: list[int] = [*range(self._at, len(self._steps)), *range(self._at)]
        for alike in ways:
            for at in order:
                step = self._steps[at]
                if at not in self._struck and alike(step.command, command):
                    if step.answer is None:
                        # A card goes once; put in again, it is asked the same.
                        self._struck.add(at)
                    return at
        return None

    def _differ(self, difference: str) -> None:
        if self.difference is None:
            self.difference = difference
            self._on_difference(difference)


def played_cards(card: ScriptedCard) -> Cards:
    """Give what a `Seat` takes: the card, put in again while there is more to be played."""

    @contextmanager
    def cards(gone: Gone) -> Iterator[LinkedCard | None]:
        del gone  # it goes at commands alone
        yield None if card.played else card

    return cards


def _steps(trace: Trace) -> Iterator[_Step]:
    events = trace.events
    for at, event in enumerate(events):
        if event.kind is EventKind.COMMAND:
            then = events[at + 1] if at + 1 < len(events) else None
            answered = then is not None and then.kind is EventKind.ANSWER
            yield _Step(event.content, then.content if then and answered else None, event.line)


def _is_like(recorded: MaskedBytes, raw: bytes) -> bool:
    """Tell whether a command is the same but for Le, or for what a key is to work on."""
    one, other = parse(recorded), parse(MaskedBytes.of(raw))
    if one is None or other is None:
        return False
    if (_head(one), len(one.data)) != (_head(other), len(other.data)):
        return False
    # A challenge is another one each time.
    works = one.ins == Instruction.GENERAL_AUTHENTICATE
    return works or data_of(recorded, one).matches(other.data)


def _head(command: CommandApdu) -> tuple[int, int, int, int]:
    return command.cla, command.ins, command.p1, command.p2
