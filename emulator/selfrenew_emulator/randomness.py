# SPDX-License-Identifier: Apache-2.0
"""Where the emulator's random bytes come from: the system, or a seed that repeats a run."""

import random
import secrets
from collections.abc import Callable

Randomness = Callable[[int], bytes]
"""Gives so many random bytes."""

system_randomness: Randomness = secrets.token_bytes


def seeded(seed: str | int) -> Randomness:
    """Give the same bytes in the same order for the same seed; for tests only.

    >>> seeded(7)(4) == seeded(7)(4)
    True
    """
    return random.Random(seed).randbytes  # noqa: S311  repeatable on purpose, guards no real secret
