# SPDX-License-Identifier: Apache-2.0
"""What happens to the machine while a card is used.

Its clock jumps, it comes to another time zone, summer time begins or ends, the process is killed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .errors import NothingToStrikeError
from .fault import Fault, FaultTarget
from .moment import AT_A_COMMAND, Moment, Phase, moment_parameters, one_of, span_of
from .process_zone import is_zone, switching_at
from .scene import Scene, Surroundings

_BY, _ZONE, _TURN = "by", "zone", "turn"
_BEGINS, _ENDS = "begins", "ends"
# As far ahead as any.
_USUAL_ZONE = "Pacific/Kiritimati"
_AROUND = (Phase.BEFORE, Phase.AFTER)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClockJump:
    """The clock is another time from one moment to the next."""

    moment: Moment
    by: timedelta

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "ClockJump":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _AROUND), span_of(parameters, _BY, "1h"))

    def play(self, scene: Scene) -> bytes:
        """Move the clock beside the command."""
        clock = scene.surroundings.clock
        if clock is None:
            raise NothingToStrikeError("the clock here is the system's")
        return scene.go_on_beside(self.moment, lambda: clock.advance(self.by))


@dataclass(frozen=True, slots=True)
class OtherZone:
    """The process has another local time from one moment to the next; the time is the same."""

    moment: Moment
    zone: str

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "OtherZone":
        """Read an order's parameters. Raise ValueError."""
        zone = parameters.get(_ZONE, _USUAL_ZONE)
        if not is_zone(zone):
            raise ValueError(f"'{zone}' is no time zone of this system, such as Europe/London")
        return cls(Moment.read(parameters, _AROUND), zone)

    def play(self, scene: Scene) -> bytes:
        """Change the zone beside the command."""
        return scene.go_on_beside(self.moment, lambda: scene.surroundings.zone.set(self.zone))


@dataclass(frozen=True, slots=True)
class SummerTime:
    """Local time skips an hour, or has one again, where the process is; the time goes on."""

    moment: Moment
    begins: bool

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "SummerTime":
        """Read an order's parameters. Raise ValueError."""
        turn = one_of(parameters, _TURN, (_BEGINS, _ENDS), _BEGINS)
        return cls(Moment.read(parameters, _AROUND), turn == _BEGINS)

    def play(self, scene: Scene) -> bytes:
        """Let the hour come beside the command."""
        return scene.go_on_beside(self.moment, lambda: self._turn(scene.surroundings))

    def _turn(self, surroundings: Surroundings) -> None:
        clock = surroundings.clock
        now = datetime.now(UTC) if clock is None else clock()
        # To the second, as rules are; one that stands still has it behind itself at once.
        turn = now.replace(microsecond=0) + (_SECOND if clock is None else timedelta())
        surroundings.zone.set(switching_at(turn, begins=self.begins))


@dataclass(frozen=True, slots=True)
class ProcessKilled:
    """The process that speaks to the card ends; the card keeps its power."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "ProcessKilled":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _AROUND))

    def play(self, scene: Scene) -> bytes:
        """End the process beside the command."""
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        scene.surroundings.kill()
        raise NothingToStrikeError("the process was killed and lives on")


CLOCK_JUMPS = Fault(
    "world.clock-jumps",
    FaultTarget.WORLD,
    "A machine that slept, or that is set right by the network, has another time within a renewal.",
    "Judges by the time at hand, keeps no deadline of its own, and can be run again.",
    ClockJump.read,
    (*moment_parameters(*_AROUND), _BY),
    times=1,
    trigger=AT_A_COMMAND,
)
PROCESS_KILLED = Fault(
    "world.killed",
    FaultTarget.WORLD,
    "Machines lose their power, and people end what seems to hang.",
    "Needs nothing but card, passcode and services to find out where it was.",
    ProcessKilled.read,
    moment_parameters(*_AROUND),
    times=1,
    trigger=AT_A_COMMAND,
)
TIME_ZONE = Fault(
    "world.time-zone",
    FaultTarget.WORLD,
    "A laptop is carried, or its zone set right by the network: local time is another one, up to a "
    "day away, and the time is the same. It strikes the process that plays it.",
    "Reckons in UTC: days left, the window and validity are what they were.",
    OtherZone.read,
    (*moment_parameters(*_AROUND), _ZONE),
    times=1,
    trigger=AT_A_COMMAND,
)
SUMMER_TIME = Fault(
    "world.summer-time",
    FaultTarget.WORLD,
    "Twice a year local time skips an hour, or has one twice, at night, when laptops wake up as "
    "well. It strikes the process that plays it.",
    "Reckons in UTC: an hour that is skipped expires nothing, and none that comes again is before "
    "what was issued in it.",
    SummerTime.read,
    (*moment_parameters(*_AROUND), _TURN),
    times=1,
    trigger=AT_A_COMMAND,
)
WORLD_FAULTS = (CLOCK_JUMPS, TIME_ZONE, SUMMER_TIME, PROCESS_KILLED)
