# SPDX-License-Identifier: Apache-2.0
"""Processes that are really killed in the middle of a renewal, and what is left by them.

Each renews a card image in a process of its own, forked from a server that has everything loaded,
with the stage's services over TLS. It ends by SIGKILL at a command, or at an instant, which is a
part of the time that the same renewal takes when it is left alone. That is measured again and again
by the process that kills, since it has the load of the others beside it.
"""

import multiprocessing
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from selfrenew.secret import Secret
from selfrenew_emulator.card import Card, CardImage, Personality, read_image
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import DEFAULT_NOW

from .case import KEY_TYPES, CaseFormatError, Scenario, Setting
from .client import find_client
from .codes import Code
from .evidence import PASSCODE
from .judging import judge_end_of_renewal, judge_renewal
from .pace import Pace
from .result import Result, Run, Verdict
from .world import Desk, World

KILLED = "sigkill"
_PATIENCE_SECONDS = 60.0
_PARTS = 10_000
"""Of a renewal, by which instants are told."""
# As many as a renewal has with keys of P-256.
_COMMANDS = 51
_PHASES = ("before", "after")
_paces: dict[tuple[str, str], Pace] = {}
"""By the program under test and the kind of keys."""


@dataclass(frozen=True, slots=True)
class Kill:
    """When a process is killed: before or after a command, or at an instant.

    The `instant` is in such parts of the time that a renewal with these keys takes.
    """

    key_type: str
    personality: Personality
    order: str
    instant: int = 0

    def __str__(self) -> str:
        when = self.order or f"after={self.instant}/{_PARTS}"
        return f"{KILLED} {self.key_type} {self.personality.value} | {when}"

    @classmethod
    def read(cls, line: str) -> "Kill":
        """Read a line. Raise CaseFormatError."""
        first, _, when = (part.strip() for part in line.partition("|"))
        words = first.split()
        try:
            _, key_type, personality = words
            if key_type not in KEY_TYPES:
                raise ValueError(key_type)  # noqa: TRY301  told below with the others
            if when.startswith("after="):
                return cls(key_type, Personality(personality), "", _instant(when))
            return cls(key_type, Personality(personality), when)
        except ValueError as error:
            raise CaseFormatError(line, "it has not the parts of a kill") from error

    def seconds(self, whole: float) -> float:
        """Tell how long after its beginning, where a whole renewal takes so many seconds."""
        return whole * self.instant / _PARTS


def _instant(when: str) -> int:
    found = re.fullmatch(rf"after=([0-9]{{1,4}})/{_PARTS}", when)
    if found is None:
        raise ValueError(when)
    return int(found[1])


def draw_kills(number: int, seed: str) -> list[Kill]:
    """Draw kills, each once: every other one at a command while there are more, else an instant."""
    draw = random.Random(seed)  # noqa: S311  repeatable on purpose
    # RSA keys are made by the process itself, which takes longer than all the rest.
    key_type = KEY_TYPES[0]
    at_commands = [
        Kill(key_type, personality, f"world.killed:at={command},phase={phase}")
        for personality in Personality
        for command in range(1, _COMMANDS + 1)
        for phase in _PHASES
    ]
    at_instants = [
        Kill(key_type, personality, "", instant)
        for personality in Personality
        for instant in range(_PARTS)
    ]
    draw.shuffle(at_commands)
    drawn: list[Kill] = []
    for instant in draw.sample(at_instants, min(number, len(at_instants))):
        drawn += [*at_commands[-1:], instant]
        del at_commands[-1:]
    return drawn[:number]


def play_kill(world: World, kill: Kill, client: str) -> Result:
    """Kill a renewal, look at what is left, and finish it."""
    seconds = 0.0 if kill.order else kill.seconds(_whole_renewal(world, kill, client))
    began = time.perf_counter()
    with _begin(world, kill) as (desk, image):
        begun = desk.find()
        code, told = _kill(world, kill, client, image, seconds)
        killed = code is None
        # Its last request may still be on its way, and is answered before its card is used again.
        world.stage.catch_up()
        desk.exchange_card(Card(read_image(image)))
        violations = _judge_left(desk, killed=killed)
        if code not in {None, Code.DONE}:
            violations.append(f"run 1: it ended with exit code {code}: {told}")
        run = desk.run(lambda program: program.renew(Secret(PASSCODE)))
        violations += [f"run 2: {each}" for each in judge_renewal(run, begun, set())]
        violations += [f"in the end: {each}" for each in judge_end_of_renewal(run, begun)]
    runs = (Run(code, told), Run(run.code, run.text, tuple(run.timeline.lines)))
    verdict = Verdict.RECOVERED if killed else Verdict.UNAFFECTED
    if violations:
        verdict = Verdict.FAILED
    struck = ("world.killed",) if killed else ()
    took = (time.perf_counter() - began) * 1000
    return Result(str(kill), verdict, tuple(violations), struck, "", runs, took)


@contextmanager
def _begin(world: World, kill: Kill) -> Iterator[tuple[Desk, Path]]:
    """Begin a case whose card is an image, for another process."""
    setting = Setting(Scenario.RENEWAL, kill.key_type, kill.personality)
    with world.begin(setting) as desk, TemporaryDirectory() as folder:
        image = Path(folder) / "card"
        CardImage.create(image, desk.card.state)
        yield desk, image


def _whole_renewal(world: World, kill: Kill, client: str) -> float:
    """Tell how many seconds a renewal takes here now, in a process that nobody kills."""
    pace = _paces.setdefault((client, kill.key_type), Pace())
    while pace.is_due:
        with (
            _begin(world, kill) as (_, image),
            closing(_Victim(world, client, image, order="")) as victim,
        ):
            began = time.perf_counter()
            victim.wait()
            pace.note(time.perf_counter() - began)
    return pace.seconds


def _judge_left(desk: Desk, *, killed: bool) -> list[str]:
    found = desk.find()
    violations = []
    if not found.usable:
        violations.append("run 1: no key had a certificate that counts when it was killed")
    left, limit = found.card.pin_tries
    # A try is used up ahead of the comparison, so that one may be missing.
    if limit - left > int(killed):
        violations.append(f"run 1: {limit - left} tries of the passcode are used up")
    return violations


class _Victim:
    """A process that renews a card image; made, it has begun to."""

    def __init__(self, world: World, client: str, image: Path, order: str) -> None:
        context = multiprocessing.get_context("forkserver")
        # What is loaded before the server forks need not be loaded by each process.
        context.set_forkserver_preload([__name__, client.partition(":")[0]])
        self._ours, theirs = context.Pipe()
        self.process = context.Process(
            target=_renew_until_killed,
            args=(theirs, client, world.stage.config_file, image, order),
        )
        self.process.start()
        theirs.close()
        self._ours.recv()

    def wait(self) -> None:
        """Wait until it says that it is done, or has ended otherwise."""
        self._ours.poll(_PATIENCE_SECONDS)

    def ending(self) -> tuple[int | None, str]:
        """Wait for its end; tell its code, None where it was killed, and its words."""
        self.process.join(_PATIENCE_SECONDS)
        if self.process.exitcode is None:
            return Code.BUG, f"it had not ended after {_PATIENCE_SECONDS:.0f} seconds"
        with suppress(EOFError, OSError):
            if self._ours.poll():
                code, text = self._ours.recv()
                return int(code), str(text)
        if self.process.exitcode != -signal.SIGKILL:
            return Code.BUG, f"the process ended by itself, with {self.process.exitcode}"
        return None, "the process was killed"

    def close(self) -> None:
        """End it, if it has not."""
        self.process.kill()
        self.process.join()
        self._ours.close()


def _kill(
    world: World, kill: Kill, client: str, image: Path, seconds: float
) -> tuple[int | None, str]:
    """Run a renewal in a process and kill it, so many seconds on where no command is named."""
    with closing(_Victim(world, client, image, kill.order)) as victim:
        if not kill.order:
            time.sleep(seconds)
            victim.process.kill()
        return victim.ending()


def _renew_until_killed(
    connection: Connection, client: str, config_file: Path, image: Path, order: str
) -> None:
    """Renew a card image, in a process of its own."""
    with closing(Card.open(image)) as card:
        reader, board = EmbeddedReader(), FaultBoard()
        board.attach_reader(reader)
        if order:
            board.arm(order)
        reader.insert(card)
        clock = SettableClock(DEFAULT_NOW)
        program = find_client(client)(config_file, reader, clock, None, time.sleep)
        connection.send("begin")
        ending = program.renew(Secret(PASSCODE))
        connection.send((int(ending.code), ending.text))
