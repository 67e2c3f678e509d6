# SPDX-License-Identifier: Apache-2.0
"""A card that answers otherwise than it should: a status word, nothing, garbage, or slowly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from selfrenew.iso7816 import Instruction, StatusWord

from .card_timing import TIMINGS, CardTiming
from .fault import Fault, FaultTarget
from .moment import AT_A_COMMAND, Moment, Phase, moment_parameters, one_of
from .scene import Scene

_SW, _KIND, _PROFILE = "sw", "kind", "profile"
_AROUND = (Phase.BEFORE, Phase.AFTER)
_GARBLED = ("garbage", "truncated", "empty")
_GARBAGE_BYTES = 40


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """A status word instead of the answer; after the command the card has carried it out."""

    moment: Moment
    sw: int

    @classmethod
    def read(
        cls,
        parameters: Mapping[str, str],
        sw: StatusWord | None = None,
        usual: Moment | None = None,
    ) -> "StatusAnswer":
        """Read an order's parameters. Raise ValueError."""
        sw_read = _status(parameters.get(_SW, "")) if sw is None else int(sw)
        return cls(Moment.read(parameters, _AROUND, usual), sw_read)

    def play(self, scene: Scene) -> bytes:
        """Answer with the status word."""
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        return self.sw.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class MuteCard:
    """No answer at all, which readers report as one without a status word."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "MuteCard":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _AROUND))

    def play(self, scene: Scene) -> bytes:
        """Answer nothing."""
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        return b""


@dataclass(frozen=True, slots=True)
class GarbledAnswer:
    """The command is carried out, and its answer does not come as the card gave it."""

    moment: Moment
    kind: str

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "GarbledAnswer":
        """Read an order's parameters. Raise ValueError."""
        kind = one_of(parameters, _KIND, _GARBLED, _GARBLED[0])
        return cls(Moment.read(parameters, (Phase.AFTER,)), kind)

    def play(self, scene: Scene) -> bytes:
        """Garble the answer's data; its status word is the card's."""
        answer = scene.go_on()
        data, status = answer[:-2], answer[-2:]
        if self.kind == "garbage":
            return scene.surroundings.randomness(_GARBAGE_BYTES) + status
        if self.kind == "truncated":
            return data[: len(data) // 2] + status
        return status


@dataclass(frozen=True, slots=True)
class SlowCard:
    """Each command takes the time that a profile says."""

    moment: Moment
    timing: CardTiming | None

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "SlowCard":
        """Read an order's parameters. Raise ValueError."""
        profile = one_of(parameters, _PROFILE, TIMINGS, "contact")
        return cls(Moment.read(parameters, (Phase.AFTER,), Moment(Phase.AFTER)), TIMINGS[profile])

    def play(self, scene: Scene) -> bytes:
        """Answer when the card has worked on it."""
        answer = scene.go_on()
        if self.timing is not None:
            scene.surroundings.sleep(self.timing.seconds(scene.command, answer))
        return answer


def _status(text: str) -> int:
    try:
        sw = int(text, 16)
    except ValueError:
        sw = 0
    if len(text) != 4 or sw >> 12 not in {6, 9}:
        raise ValueError(f"'{_SW}' is a status word from 6000 to 9FFF, not '{text}'")
    return sw


_Act = TypeVar("_Act")


def _fault(
    name: str,
    reason: str,
    client: str,
    read: Callable[[Mapping[str, str]], _Act],
    *more: str,
    phases: tuple[Phase, ...] = _AROUND,
    times: int | None = 1,
) -> Fault:
    return Fault(
        name,
        FaultTarget.CARD,
        reason,
        client,
        read,
        (*moment_parameters(*phases), *more),
        times=times,
        trigger=AT_A_COMMAND,
    )


ANSWERS = (
    _fault(
        "card.status",
        "Cards refuse with words that no standard foresees for the command, and some say that they "
        "failed when they did not.",
        "Stops at what it did not expect, tells the word by its number, and finds out from the "
        "card what was done.",
        StatusAnswer.read,
        _SW,
    ),
    _fault(
        "card.memory-failure",
        "EEPROM wears out; 6581 says that a write failed.",
        "Says that the card failed and which slot is to be done again; the other one still works.",
        partial(
            StatusAnswer.read,
            sw=StatusWord.MEMORY_FAILURE,
            usual=Moment(Phase.BEFORE, Instruction.PUT_DATA),
        ),
    ),
    _fault(
        "card.full",
        "A card that holds other certificates has no room for a longer one; 6A84 says so when its "
        "key is replaced already.",
        "Tells the CA that the certificate is not on the card, and leaves the slot to be redone.",
        partial(
            StatusAnswer.read,
            sw=StatusWord.NOT_ENOUGH_MEMORY,
            usual=Moment(Phase.BEFORE, Instruction.PUT_DATA),
        ),
    ),
    _fault(
        "card.mute",
        "A card with dirty contacts, or one that hangs, answers nothing until the reader gives up.",
        "Takes the command for neither done nor undone, and says that the card does not answer.",
        MuteCard.read,
    ),
    _fault(
        "card.garbled",
        "Noise on the line, or a driver's fault, makes an answer into something else.",
        "Parses strictly, checks signatures and keys, and never writes on the strength of an "
        "answer that it cannot read.",
        GarbledAnswer.read,
        _KIND,
        phases=(Phase.AFTER,),
    ),
    _fault(
        "card.slow",
        "Making an RSA key takes an ordinary card a minute, and over the air longer.",
        "Shows that it goes on, and lets neither session nor consent run out meanwhile.",
        SlowCard.read,
        _PROFILE,
        phases=(Phase.AFTER,),
        times=None,
    ),
)
