# SPDX-License-Identifier: Apache-2.0
"""What stands between a reader and its card, and plays the faults that are armed.

Whoever speaks to the card, in whatever language, meets them there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from selfrenew.iso7816 import ApduFormatError, CommandApdu
from selfrenew_emulator.card import Card

from .fault import ArmedFault, FaultTarget
from .scene import CardAct, Exchange, Scene, Surroundings

_CHAINED = 0x10
AT_THE_CARD = frozenset({FaultTarget.CARD, FaultTarget.READER, FaultTarget.WORLD})
"""The targets whose faults may wait for a command to the card."""


class CardFaults:
    """The tap; what is armed later counts the commands from then on.

    Where several faults strike at one command, each stands before those that were armed later.
    """

    def __init__(
        self,
        armed: Sequence[ArmedFault],
        surroundings: Surroundings | None = None,
        reach: Callable[[], Card | None] = lambda: None,
    ) -> None:
        self._armed = armed
        self._surroundings = surroundings or Surroundings()
        self._reach = reach
        self._part: CommandApdu | None = None

    def __call__(self, command: bytes, exchange: Exchange) -> bytes:
        """Have a command answered. Raise PulledOutError."""
        whole = self._whole(command)
        for act in reversed(list(self._striking(whole))):
            exchange = self._before(act, whole, exchange)
        return exchange(command)

    def _striking(self, whole: CommandApdu | None) -> Iterator[CardAct]:
        for armed in self._armed:
            if armed.order.fault.target not in AT_THE_CARD or not armed.active:
                continue
            act = cast("CardAct", armed.order.what)
            moment = getattr(act, "moment", None)
            if moment is None or not moment.fits(whole):
                continue
            armed.seen += 1
            if armed.seen >= moment.number:
                armed.strike()
                yield act

    def _before(self, act: CardAct, whole: CommandApdu | None, exchange: Exchange) -> Exchange:
        def played(command: bytes) -> bytes:
            return act.play(Scene(command, whole, exchange, self._surroundings, self._reach))

        return played

    def _whole(self, raw: bytes) -> CommandApdu | None:
        """Put a chain's parts together; None until the last one (ISO/IEC 7816-4:2020, 5.3.3)."""
        begun, self._part = self._part, None
        try:
            part = CommandApdu.from_bytes(raw)
        except ApduFormatError:
            return None
        # Another command ends a chain that was not finished.
        if begun is not None and _head(begun) == _head(part):
            part = replace(part, data=begun.data + part.data)
        if part.cla & _CHAINED:
            self._part = part
            return None
        return part


def _head(command: CommandApdu) -> tuple[int, int, int]:
    return command.ins, command.p1, command.p2
