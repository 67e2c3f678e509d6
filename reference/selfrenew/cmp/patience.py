# SPDX-License-Identifier: Apache-2.0
"""How long a CA is waited for that asks to come back: by checkAfter, or by Retry-After."""

from collections.abc import Callable

PATIENCE_SECONDS = 180
"""How long a CA is waited for where nobody says otherwise."""
_SHORTEST_SECONDS = 1


class Patience:
    """The waits of one transaction; together they take no longer than `seconds`."""

    def __init__(self, seconds: float, sleep: Callable[[float], None]) -> None:
        self.seconds = seconds
        self._left = seconds
        self._sleep = sleep

    def wait(self, seconds: float) -> bool:
        """Wait as long as was asked for, a second at least; False, at once, where it is too long.

        >>> waited = []
        >>> patience = Patience(10, waited.append)
        >>> [patience.wait(seconds) for seconds in (8, 3, 0)], waited
        ([True, False, True], [8, 1])
        """
        # Who is asked to come back at once and does would go on for ever.
        seconds = max(_SHORTEST_SECONDS, seconds)
        if seconds > self._left:
            return False
        self._left -= seconds
        self._sleep(seconds)
        return True
