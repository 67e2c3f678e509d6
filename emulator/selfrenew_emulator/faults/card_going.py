# SPDX-License-Identifier: Apache-2.0
"""A card that goes, or loses its power, while it is used.

Whether a command without an answer was carried out no client can tell: it was not, it was, or the
power went within it. The emulated card then keeps nothing of that command; a torn write is what
worse cards do, and is played at the card's memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from selfrenew_emulator.card import Tear

from .errors import NothingToStrikeError
from .fault import Fault, FaultTarget
from .moment import ALL_PHASES, AT_A_COMMAND, Moment, Phase, moment_parameters, one_of
from .scene import PulledOutError, Scene

_KIND = "kind"


@dataclass(frozen=True, slots=True)
class CardRemoval:
    """The card comes out of the reader."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "CardRemoval":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters))

    def play(self, scene: Scene) -> bytes:
        """Lose the card. Raise PulledOutError always."""
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        elif self.moment.phase is Phase.DURING:
            scene.card.lose_power_within(scene.command, Tear.OLD)
        raise PulledOutError


@dataclass(frozen=True, slots=True)
class TornWrite:
    """The power goes within a write, and the memory is left as the kind says."""

    moment: Moment
    tear: Tear

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "TornWrite":
        """Read an order's parameters. Raise ValueError."""
        kinds = [tear.value for tear in Tear]
        tear = Tear(one_of(parameters, _KIND, kinds, Tear.EMPTY.value))
        return cls(Moment.read(parameters, (Phase.DURING,)), tear)

    def play(self, scene: Scene) -> bytes:
        """Lose the card. Raise PulledOutError always."""
        scene.card.lose_power_within(scene.command, self.tear, scene.surroundings.randomness)
        raise PulledOutError


@dataclass(frozen=True, slots=True)
class CardReset:
    """Another program resets the card, so that it forgets who was authenticated to it."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "CardReset":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, (Phase.BEFORE, Phase.AFTER)))

    def play(self, scene: Scene) -> bytes:
        """Reset the card beside the command."""
        if self.moment.phase is Phase.BEFORE:
            scene.card.reset()
            return scene.go_on()
        answer = scene.go_on()
        scene.card.reset()
        return answer


@dataclass(frozen=True, slots=True)
class CardSwap:
    """The card comes out and another one is in the reader at once."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "CardSwap":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, (Phase.BEFORE, Phase.AFTER)))

    def play(self, scene: Scene) -> bytes:
        """Exchange the card. Raise PulledOutError always."""
        other = scene.surroundings.other_card
        if other is None:
            raise NothingToStrikeError("nobody said which card comes instead")
        if self.moment.phase is Phase.AFTER:
            scene.go_on()
        raise PulledOutError(other())


CARD_REMOVED = Fault(
    "card.removed",
    FaultTarget.CARD,
    "People pull a card out when nothing seems to happen, and a reader on a trolley loses it by "
    "itself. GENERATE ASYMMETRIC KEY PAIR has then replaced the key, and the certificate beside "
    "it belongs to one that is gone.",
    "Says that the card is out and what to do; takes a command without an answer for neither done "
    "nor undone, and finds out from the card once it is back.",
    CardRemoval.read,
    moment_parameters(*ALL_PHASES),
    times=1,
    trigger=AT_A_COMMAND,
)
CARD_TORN = Fault(
    "card.torn",
    FaultTarget.CARD,
    "Not every card writes as a whole: when its power goes within a write, the object or the key "
    "is the old one, none, a part of the new one, or garbage.",
    "Believes nothing that it has not read back, and takes a slot whose key and certificate do not "
    "go together for one to be done again, the other one vouching.",
    TornWrite.read,
    (*moment_parameters(Phase.DURING), _KIND),
    times=1,
    trigger=AT_A_COMMAND,
)
CARD_RESET = Fault(
    "card.reset",
    FaultTarget.CARD,
    "Another program, or the system's own service for certificates, resets a card that it shares. "
    "What was verified, authenticated and begun is forgotten.",
    "Holds the card exclusively; a security status that is not satisfied is no wrong passcode, and "
    "is not answered by presenting the passcode again and again.",
    CardReset.read,
    moment_parameters(Phase.BEFORE, Phase.AFTER),
    times=1,
    trigger=AT_A_COMMAND,
)
CARD_SWAPPED = Fault(
    "card.swapped",
    FaultTarget.CARD,
    "At a shared desk one card is pulled out and the next person's is put in.",
    "Never goes on with the other card; the one that was begun with is finished when it is back.",
    CardSwap.read,
    moment_parameters(Phase.BEFORE, Phase.AFTER),
    times=1,
    trigger=AT_A_COMMAND,
)
GOING = (CARD_REMOVED, CARD_TORN, CARD_RESET, CARD_SWAPPED)
