# SPDX-License-Identifier: Apache-2.0
"""How the cards of a stage make keys: at once, or once they are let."""

import threading
from typing import Protocol

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import PrivateKey, generate

_HELD_SECONDS_MAX = 60


class HeldKeyMaking(Protocol):
    """What a test does to cards that are to take their time."""

    def hold(self) -> None:
        """Have cards wait before they make a key."""

    def go_on(self) -> None:
        """Let them make it."""


class KeyMaking:
    """A source of keys for cards of this process."""

    def __init__(self) -> None:
        self._may_go_on = threading.Event()
        self._may_go_on.set()

    @property
    def held(self) -> bool:
        """Whether cards wait."""
        return not self._may_go_on.is_set()

    def hold(self) -> None:
        """Have cards wait before they make a key."""
        self._may_go_on.clear()

    def go_on(self) -> None:
        """Let them make it."""
        self._may_go_on.set()

    def __call__(self, algorithm: Algorithm) -> PrivateKey:
        """Make a key. Raise TimeoutError where nobody lets the card go on."""
        if not self._may_go_on.wait(_HELD_SECONDS_MAX):
            raise TimeoutError("a key was held back, and nobody let the card go on")
        return generate(algorithm)
