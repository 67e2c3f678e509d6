# SPDX-License-Identifier: Apache-2.0
"""RSA keys made once and used again by every case, since making one takes longer than a renewal."""

from collections.abc import Callable
from functools import cache

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import PrivateKey, generate


class KeyPool:
    """A card's source of keys; those of elliptic curves are made anew each time.

    Cards get the pool's keys in their order, and it has as many as the longest case has asked for.
    A case begins where the cards were made, so no two keys of one case are the same.
    """

    def __init__(self, make: Callable[[Algorithm], PrivateKey] = generate) -> None:
        self._make = make
        self._keys: list[PrivateKey] = []
        self._next = 0
        self._mark = 0

    def __call__(self, algorithm: Algorithm) -> PrivateKey:
        """Give a key."""
        if algorithm is not Algorithm.RSA2048:
            return self._make(algorithm)
        if self._next == len(self._keys):
            self._keys.append(self._make(algorithm))
        self._next += 1
        return self._keys[self._next - 1]

    def mark(self) -> None:
        """Have cases begin behind the keys that were given so far."""
        self._mark = self._next

    def rewind(self) -> None:
        """Begin a case."""
        self._next = self._mark


@cache
def shared_pool() -> KeyPool:
    """Give this process's pool."""
    return KeyPool()
