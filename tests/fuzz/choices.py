# SPDX-License-Identifier: Apache-2.0
"""Where the fuzzer's choices come from: a seed, or bytes that a coverage-guided fuzzer evolves."""

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Choices(Protocol):
    """A source of choices."""

    @property
    def spent(self) -> bool:
        """Whether every further choice is the first one."""

    def number(self, below: int) -> int:
        """Choose one of as many."""

    def data(self, size: int) -> bytes:
        """Choose bytes."""


class SeededChoices:
    """Choices of a seed, which never end."""

    spent = False

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret

    def number(self, below: int) -> int:
        return self._random.randrange(below)

    def data(self, size: int) -> bytes:
        return self._random.randbytes(size)


class GivenChoices:
    """Choices read off bytes, each of one byte where that is enough."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @property
    def spent(self) -> bool:
        return not self._raw

    def number(self, below: int) -> int:
        size = 1 if below <= 0x100 else 2
        return int.from_bytes(self.data(size), "big") % below

    def data(self, size: int) -> bytes:
        taken, self._raw = self._raw[:size], self._raw[size:]
        return taken.ljust(size, b"\0")


def one_of(choices: Choices, values: Sequence[T]) -> T:
    return values[choices.number(len(values))]


def mostly(choices: Choices, value: T, others: Sequence[T]) -> T:
    """Choose a value three times out of four, and one of the others else."""
    return one_of(choices, others) if choices.number(4) == 0 else value
