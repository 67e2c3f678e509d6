# SPDX-License-Identifier: Apache-2.0
"""Challenges that are answered once and in time."""

from collections import OrderedDict
from datetime import datetime, timedelta

from selfrenew.clock import Clock

from .randomness import Randomness

LIFETIME = timedelta(minutes=5)
_OPEN_MAX = 10_000


class Challenges:
    """Hands out challenges and takes each back at most once; kept in memory on purpose."""

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._open: OrderedDict[str, datetime] = OrderedDict()

    def issue(self) -> tuple[str, datetime]:
        """Make a challenge; return it and when it ends."""
        challenge = self._randomness(32).hex()
        ends = self._clock() + LIFETIME
        self._open[challenge] = ends
        if len(self._open) > _OPEN_MAX:
            self._open.popitem(last=False)
        return challenge, ends

    def take(self, challenge: str) -> bool:
        """Use a challenge up; False where it is not open."""
        ends = self._open.pop(challenge, None)
        return ends is not None and self._clock() <= ends
