# SPDX-License-Identifier: Apache-2.0
"""What a worse card's memory holds when the power goes within a write.

The emulated card writes as a whole, see `store`. Torn writes are for tests of those who have to
cope with other cards, and never come about by themselves. A PIN and its counter stay whole: on any
card they are one record, and a half of it would be a broken card.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, unique
from typing import TypeVar

from selfrenew_emulator.randomness import Randomness

from .keys import generate_any, store_key
from .store import CardState, StoredKey
from .symmetric_authentication import MANAGEMENT_KEY_BYTES

_Value = TypeVar("_Value")


@unique
class Tear(Enum):
    """What is left of a write."""

    OLD = "old"
    """What was there before."""
    EMPTY = "empty"
    """Nothing: erased, and not yet written."""
    HALF = "half"
    """The first half of the new content; of a key, one that nobody has the public part of."""
    GARBAGE = "garbage"
    """Bytes that nobody wrote; of a key, one that nobody has the public part of."""


def torn_state(
    before: CardState, after: CardState, tear: Tear, randomness: Randomness
) -> CardState:
    """Give what is in the memory when the change from one state to another was torn."""

    def tear_object(new: bytes) -> bytes:
        if tear is Tear.HALF:
            return new[: len(new) // 2]
        return randomness(len(new))

    def tear_key(new: StoredKey) -> StoredKey:
        if new.algorithm in MANAGEMENT_KEY_BYTES:
            return replace(new, material=tear_object(new.material).ljust(len(new.material), b"\0"))
        # A key's bits are not to be told from another key's, so a torn key is one; whether it
        # answers at all is the next command's business.
        torn = store_key(new.algorithm, generate_any(new.algorithm))
        return replace(new, material=torn.material)

    return replace(
        before,
        objects=_torn(before.objects, after.objects, tear, tear_object),
        keys=_torn(before.keys, after.keys, tear, tear_key),
    )


def _torn(
    before: Mapping[int, _Value],
    after: Mapping[int, _Value],
    tear: Tear,
    tear_one: Callable[[_Value], _Value],
) -> dict[int, _Value]:
    result = dict(before)
    if tear is Tear.OLD:
        return result
    for place in {*before, *after}:
        new = after.get(place)
        if new == before.get(place):
            continue
        result.pop(place, None)
        if new is not None and tear is not Tear.EMPTY:
            result[place] = tear_one(new)
    return result
