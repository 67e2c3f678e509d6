# SPDX-License-Identifier: Apache-2.0
"""A reader that is unplugged, comes late, is joined by another, or whose service has stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Protocol

from .errors import NothingToStrikeError
from .fault import ArmedFault, Fault, FaultTarget
from .moment import AT_A_COMMAND, Moment, Phase, moment_parameters
from .scene import PulledOutError, Scene, Surroundings

_AROUND = (Phase.BEFORE, Phase.AFTER)


@unique
class Absence(Enum):
    """Why nobody can connect to a reader."""

    NO_READER = "no reader"
    NO_SERVICE = "no service"


class ReaderService(Protocol):
    """A service of readers that can go away with them, where nobody sees who connects."""

    def vanish(self, absence: Absence) -> None:
        """Be gone, or have no readers any more."""

    def come_back(self) -> None:
        """Be there with all readers, where it was gone."""


@dataclass(frozen=True, slots=True)
class ReaderUnplugged:
    """The reader's plug comes out, and the card with it has no power any more."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "ReaderUnplugged":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _AROUND))

    def play(self, scene: Scene) -> bytes:
        """Lose the reader. Raise PulledOutError always."""
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        raise PulledOutError(unplugged=True)


@dataclass(frozen=True, slots=True)
class ReaderAbsent:
    """Who connects finds no reader, or nobody who serves readers."""

    absence: Absence


@dataclass(frozen=True, slots=True)
class SecondReader:
    """Another reader, with another card, is there too; `moment` None is from the arming on."""

    moment: Moment | None

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "SecondReader":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _AROUND) if parameters else None)

    def appear(self, surroundings: Surroundings) -> None:
        """Have it appear. Raise NothingToStrikeError."""
        if surroundings.beside is None or surroundings.other_card is None:
            raise NothingToStrikeError("there is no second reader, or no card for it")
        surroundings.beside.appear_beside(surroundings.other_card())

    def play(self, scene: Scene) -> bytes:
        """Have it appear beside the command."""
        return scene.go_on_beside(self.moment, lambda: self.appear(scene.surroundings))


_CONNECTING = (
    "a program that connects to the card; through PC/SC, where nobody sees who does, from the "
    "arming on until it is cleared"
)
READER_UNPLUGGED = Fault(
    "reader.unplugged",
    FaultTarget.READER,
    "Readers hang on a plug that feet reach, or on a hub that saves power.",
    "Says that the reader is gone, and goes on once reader and card are back.",
    ReaderUnplugged.read,
    moment_parameters(*_AROUND),
    times=1,
    trigger=AT_A_COMMAND,
)
READER_TWO_AT_ONCE = Fault(
    "reader.two-at-once",
    FaultTarget.READER,
    "A keyboard with a reader in it is plugged in beside the first one, and somebody else's card "
    "is in it: at shared desks, and in the middle of what is being done.",
    "Goes on with the card that it began with, and does nothing to the other one. Who begins with "
    "both in says that there are two, and takes neither that nobody has named.",
    SecondReader.read,
    moment_parameters(*_AROUND),
    times=1,
    trigger=f"{AT_A_COMMAND}, or from the arming on",
)
READER_LATE = Fault(
    "reader.late",
    FaultTarget.READER,
    "After a start, or a wake-up, the system knows of its readers only after a while.",
    "Says that there is no such reader, changes nothing, and finds it at the next try.",
    lambda _: ReaderAbsent(Absence.NO_READER),
    times=1,
    trigger=_CONNECTING,
)
READER_STOPPED = Fault(
    "reader.stopped",
    FaultTarget.READER,
    "The system's service for smartcards does not run, or was restarted.",
    "Tells a service that does not run from a reader without card.",
    lambda _: ReaderAbsent(Absence.NO_SERVICE),
    times=1,
    trigger=_CONNECTING,
)
READER_FAULTS = (READER_UNPLUGGED, READER_TWO_AT_ONCE, READER_LATE, READER_STOPPED)


class ReaderFaults:
    """Tells a reader why it is not to be found by who connects now."""

    def __init__(self, armed: Sequence[ArmedFault]) -> None:
        self._armed = armed

    def __call__(self) -> Absence | None:
        """Give the reason; None lets the connection be made."""
        for armed in self._armed:
            what = armed.order.what
            if isinstance(what, ReaderAbsent) and armed.active:
                armed.strike()
                return what.absence
        return None
