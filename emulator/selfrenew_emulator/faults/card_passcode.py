# SPDX-License-Identifier: Apache-2.0
"""A passcode that is mistyped on its way, and reference data of which no tries are left."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from selfrenew.iso7816 import Instruction
from selfrenew.piv import ReferenceDataQualifier

from .fault import Fault, FaultTarget
from .moment import AT_A_COMMAND, Moment, Phase, moment_parameters
from .scene import Scene

_PIN, _PUK = ReferenceDataQualifier.APPLICATION_PIN, ReferenceDataQualifier.PUK
_BEFORE = (Phase.BEFORE,)
_NOW = Moment(Phase.BEFORE)
_WRONG_DIGIT = {digit: ord("0") + (digit - ord("0") + 1) % 10 for digit in b"0123456789"}


@dataclass(frozen=True, slots=True)
class WrongPasscode:
    """What is presented to the card is not its passcode: it counts, and answers 63Cx."""

    moment: Moment

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "WrongPasscode":
        """Read an order's parameters. Raise ValueError."""
        usual = Moment(Phase.BEFORE, Instruction.VERIFY)
        moment = Moment.read(parameters, _BEFORE, usual)
        # A number is that of any command, with data or without.
        return cls(replace(moment, filled=moment.instruction is not None))

    def play(self, scene: Scene) -> bytes:
        """Mistype the passcode on its way."""
        whole = scene.whole
        if whole is None or not whole.data:
            return scene.go_on()
        first = whole.data[0]
        wrong = bytes([_WRONG_DIGIT.get(first, first)]) + whole.data[1:]
        return scene.exchange(scene.command.replace(whole.data, wrong))


@dataclass(frozen=True, slots=True)
class BlockedReference:
    """No tries are left of the passcode, or of the unlocking key."""

    moment: Moment
    qualifier: ReferenceDataQualifier

    @classmethod
    def read(
        cls, parameters: Mapping[str, str], qualifier: ReferenceDataQualifier
    ) -> "BlockedReference":
        """Read an order's parameters. Raise ValueError."""
        return cls(Moment.read(parameters, _BEFORE, _NOW), qualifier)

    def play(self, scene: Scene) -> bytes:
        """Use up the tries, and carry the command out."""
        store = scene.card.store
        store.put_reference(self.qualifier, store.state.references[self.qualifier].with_tries(0))
        store.commit()
        return scene.go_on()


_WHEN = moment_parameters(*_BEFORE)
PASSCODES = (
    Fault(
        "card.wrong-passcode",
        FaultTarget.CARD,
        "People mistype, and have several cards. The card answers 63Cx and has a try less.",
        "Tells the tries that are left and asks the person; never presents the same again by "
        "itself.",
        WrongPasscode.read,
        _WHEN,
        times=1,
        trigger=AT_A_COMMAND,
    ),
    Fault(
        "card.pin-blocked",
        FaultTarget.CARD,
        "Three wrong tries, by whomever, lock the passcode: 6983.",
        "Says that the card is locked and leads to unlocking it, after which the renewal goes on.",
        partial(BlockedReference.read, qualifier=_PIN),
        _WHEN,
        times=1,
        trigger=AT_A_COMMAND,
    ),
    Fault(
        "card.puk-blocked",
        FaultTarget.CARD,
        "A tool that guessed has used up the tries of the unlocking key.",
        "Says that the card cannot be unlocked here, and names the Registration Authority.",
        partial(BlockedReference.read, qualifier=_PUK),
        _WHEN,
        times=1,
        trigger=AT_A_COMMAND,
    ),
)
