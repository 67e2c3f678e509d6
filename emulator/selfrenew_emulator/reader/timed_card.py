# SPDX-License-Identifier: Apache-2.0
"""A card that takes its time, for whoever has to see a renewal as a person does."""

import time
from collections.abc import Callable

from selfrenew_emulator.faults import CardTiming

from .vpcd import LinkedCard


class TimedCard:
    """Carries a card at the pace of a timing; readers and links take it as the card itself."""

    def __init__(
        self, card: LinkedCard, timing: CardTiming, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._card = card
        self._timing = timing
        self._sleep = sleep

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self._card.atr

    def power_on(self) -> bytes:
        """Give the card power."""
        return self._card.power_on()

    def power_off(self) -> None:
        """Take the power away."""
        self._card.power_off()

    def reset(self) -> None:
        """Reset the card."""
        self._card.reset()

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU when the card has worked on it."""
        answer = self._card.transmit(command)
        self._sleep(self._timing.seconds(command, answer))
        return answer
