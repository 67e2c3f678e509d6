# SPDX-License-Identifier: Apache-2.0
"""How much may be asked: a bucket of tokens that fills again as time passes."""

import math
from collections.abc import Callable
from http import HTTPStatus

from .problems import ProblemError


class Bucket:
    """Lets `burst` requests through at once, and `a_second` of them in the long run."""

    def __init__(self, burst: float, a_second: float, measure: Callable[[], float]) -> None:
        self._burst = burst
        self._a_second = a_second
        self._measure = measure
        self._level = burst
        self._since = measure()

    def take(self) -> None:
        """Take one. Raise ProblemError (429) with when to come back."""
        now = self._measure()
        filled = self._level + (now - self._since) * self._a_second
        self._level, self._since = min(self._burst, filled), now
        if self._level < 1:
            seconds = math.ceil((1 - self._level) / self._a_second)
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_requests",
                headers={"retry-after": str(seconds)},
            )
        self._level -= 1
