# SPDX-License-Identifier: Apache-2.0
"""A reader seen by a program that may be killed: nothing of it reaches the card afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from selfrenew.transport import CardConnection, NeighbouredReader, Reader


class KilledError(BaseException):
    """Stands for the end of the process: no `except Exception` sees it, nobody is told."""


class MortalReader:
    """Carries a reader until the program dies; each life begins with a new one."""

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self.dead = False

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._inner.name

    @property
    def card_present(self) -> bool:
        """Whether a card is in."""
        return self._inner.card_present

    @property
    def neighbours(self) -> Sequence[Reader]:
        """The other readers of the machine."""
        if not isinstance(self._inner, NeighbouredReader):
            return ()
        return [MortalNeighbour(each, self) for each in self._inner.neighbours]

    def die(self) -> None:
        """Kill the program. Raise KilledError always."""
        self.dead = True
        raise KilledError

    def check(self) -> None:
        """Raise KilledError where the program is dead."""
        if self.dead:
            raise KilledError

    def connect(self) -> "MortalConnection":
        """Connect to the card."""
        self.check()
        return MortalConnection(self._inner.connect(), self)


class MortalNeighbour:
    """Another reader of the machine, which a dead program does not use either."""

    def __init__(self, inner: Reader, program: MortalReader) -> None:
        self._inner = inner
        self._program = program

    @property
    def name(self) -> str:
        """The reader's name."""
        return self._inner.name

    @property
    def card_present(self) -> bool:
        """Whether a card is in."""
        return self._inner.card_present

    def connect(self) -> "MortalConnection":
        """Connect to the card."""
        self._program.check()
        return MortalConnection(self._inner.connect(), self._program)


class MortalConnection:
    """A connection that a dead program does not use any more, whatever its clean-up wants."""

    def __init__(self, inner: CardConnection, reader: MortalReader) -> None:
        self._inner = inner
        self._reader = reader

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        """Send a command."""
        self._reader.check()
        return self._inner.transmit(command)

    def reset(self) -> None:
        """Reset the card."""
        self._reader.check()
        self._inner.reset()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep others off the card."""
        with self._inner.exclusive():
            yield

    def close(self) -> None:
        """Let the card go, which the system does for a dead program."""
        self._inner.close()
