# SPDX-License-Identifier: Apache-2.0
"""Bytes of which some are not told: what a trace is made of.

A byte that is hidden is nowhere in the object, so nothing that holds a trace holds a secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import hexdigits

_HIDDEN = "**"
_DIGITS = frozenset(hexdigits)


@dataclass(frozen=True, slots=True)
class MaskedBytes:
    """Bytes in order; None stands for one that is hidden.

    >>> MaskedBytes.of(bytes.fromhex("0020008002AABB"), range(5, 7))
    MaskedBytes(0020008002****)
    """

    octets: tuple[int | None, ...]

    @classmethod
    def of(cls, raw: bytes, hidden: Sequence[int] = ()) -> "MaskedBytes":
        """Take bytes, and hide those at these places."""
        places = frozenset(hidden)
        return cls(tuple(None if at in places else byte for at, byte in enumerate(raw)))

    @classmethod
    def from_text(cls, text: str) -> "MaskedBytes":
        """Read pairs of hexadecimal digits or asterisks. Raise ValueError, which repeats none."""
        pairs = [text[at : at + 2] for at in range(0, len(text), 2)]
        told = [pair for pair in pairs if pair != _HIDDEN]
        if any(len(pair) != 2 or not _DIGITS.issuperset(pair) for pair in told):
            raise ValueError("bytes are pairs of hexadecimal digits, or of asterisks")
        return cls(tuple(None if pair == _HIDDEN else int(pair, 16) for pair in pairs))

    def __str__(self) -> str:
        return "".join(_HIDDEN if byte is None else f"{byte:02X}" for byte in self.octets)

    def __repr__(self) -> str:
        return f"MaskedBytes({self})"

    def __len__(self) -> int:
        return len(self.octets)

    def __add__(self, other: "MaskedBytes") -> "MaskedBytes":
        return MaskedBytes(self.octets + other.octets)

    def part(self, start: int, end: int | None = None) -> "MaskedBytes":
        """Give the bytes from one place to before another, counted as in a slice."""
        return MaskedBytes(self.octets[start:end])

    @property
    def hidden(self) -> int:
        """How many bytes are not told."""
        return self.octets.count(None)

    def filled(self, byte: int = 0) -> bytes:
        """Put a byte in the place of each that is hidden."""
        return bytes(byte if each is None else each for each in self.octets)

    def matches(self, raw: bytes) -> bool:
        """Tell whether these bytes may have been masked to this; hidden ones match anything."""
        return len(raw) == len(self.octets) and all(
            told is None or told == byte for told, byte in zip(self.octets, raw, strict=True)
        )

    def hidden_places(self) -> list[range]:
        """Give the runs of bytes that are not told."""
        marks = [-1, *(at for at, byte in enumerate(self.octets) if byte is not None), len(self)]
        return [range(one + 1, two) for one, two in pairwise(marks) if two > one + 1]


NOTHING = MaskedBytes(())
