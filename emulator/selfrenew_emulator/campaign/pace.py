# SPDX-License-Identifier: Apache-2.0
"""How long something takes on this machine now, with all else that goes on there."""

import statistics
from collections import deque

_WARM_UP, _MEASURED, _MEASURED_EVERY = 3, 5, 3


class Pace:
    """What the last few whole renewals took, measured anew at every few kills.

    The first ones take twice as long as what comes later, and a machine has other things to do.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_MEASURED)
        self._wanted = _WARM_UP + _MEASURED
        self._asked = 0

    @property
    def is_due(self) -> bool:
        """Whether another one is to be measured before this is asked."""
        return self._wanted > 0

    @property
    def seconds(self) -> float:
        """The median of them."""
        self._asked += 1
        self._wanted = int(self._asked % _MEASURED_EVERY == 0)
        return statistics.median(self._last)

    def note(self, seconds: float) -> None:
        """Note how long one took."""
        self._last.append(seconds)
        self._wanted -= 1
