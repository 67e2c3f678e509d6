# SPDX-License-Identifier: Apache-2.0
"""A command on its way to a card, and all that a fault can reach from there."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from selfrenew.iso7816 import CommandApdu
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import Randomness, seeded, system_randomness

from .errors import NothingToStrikeError
from .moment import Moment, Phase
from .process_zone import ProcessZone

_MANAGEMENT_KEY_BYTES = 24
Exchange = Callable[[bytes], bytes]
"""Sends a command to the card and gives its answer."""
Tap = Callable[[bytes, Exchange], bytes]
"""Stands between a reader and its card; raises PulledOutError to have the card taken out."""


class PulledOutError(Exception):
    """The card is out from this command on; its reader makes it so.

    `instead` is put in at once. A reader that is `unplugged` is gone with its card.
    """

    def __init__(self, instead: Card | None = None, *, unplugged: bool = False) -> None:
        super().__init__("the card is out")
        self.instead = instead
        self.unplugged = unplugged


def blank_card() -> Card:
    """Make a card that nobody has got yet, for where nobody's is at hand."""
    key = system_randomness(_MANAGEMENT_KEY_BYTES)
    return Card.blank(pin=b"000000", puk=b"00000000", management_key=key)


def end_this_process() -> None:
    """End as by `kill -9`: nothing runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


@runtime_checkable
class Beside(Protocol):
    """Where a second reader may appear."""

    def appear_beside(self, card: Card) -> object:
        """Have a reader with a card appear."""

    def stand_alone(self) -> None:
        """Have none there any more."""


@dataclass(slots=True)
class Surroundings:
    """What faults reach beside the card; what is None or a default cannot be told by a test."""

    sleep: Callable[[float], None] = time.sleep
    """What a slow card, or a slow service, spends its time with."""
    clock: SettableClock | None = None
    """What a jump of the clock moves."""
    kill: Callable[[], None] = end_this_process
    other_card: Callable[[], Card] | None = None
    """Gives the card that comes instead of one that is swapped, or in a second reader."""
    randomness: Randomness = field(default_factory=lambda: seeded(0))
    beside: Beside | None = None
    """Where a second reader appears; a reader that can have one, once it is attached."""
    zone: ProcessZone = field(default_factory=ProcessZone)
    """What another local time is set by; a board puts it right when it is cleared."""


@dataclass(slots=True)
class Scene:
    """A command; `whole` is None where it is a part of a chain, or none at all."""

    command: bytes
    whole: CommandApdu | None
    exchange: Exchange
    surroundings: Surroundings
    reach: Callable[[], Card | None] = lambda: None

    @property
    def card(self) -> Card:
        """The card itself, whose memory the fault changes. Raise NothingToStrikeError."""
        card = self.reach()
        if card is None:
            raise NothingToStrikeError("no card of this process is in the reader")
        return card

    def go_on(self) -> bytes:
        """Have the command carried out, and give the card's answer."""
        return self.exchange(self.command)

    def go_on_beside(self, moment: Moment | None, act: Callable[[], None]) -> bytes:
        """Do something before the command or after it, as a moment says, and give the answer."""
        if moment is None or moment.phase is not Phase.AFTER:
            act()
            return self.go_on()
        answer = self.go_on()
        act()
        return answer


class CardAct(Protocol):
    """What a fault does at its moment."""

    @property
    def moment(self) -> Moment:
        """When it does that."""

    def play(self, scene: Scene) -> bytes:
        """Answer the command in its own way. Raise PulledOutError, or NothingToStrikeError."""
