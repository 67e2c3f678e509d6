# SPDX-License-Identifier: Apache-2.0
"""How the benchmarks measure and print: a figure, its floor in the same run, the ratio of both."""

import statistics
import time
from collections.abc import Callable


def median_ms(action: Callable[[], object], times: int) -> float:
    """Run an action several times; return the median of its duration in milliseconds."""
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        durations.append((time.perf_counter() - start) * 1e3)
    return statistics.median(durations)


def tell(name: str, value: float, unit: str, *, floor: float, of: str) -> None:
    """Print one line: the value, what it is compared with, and the ratio."""
    print(f"{name:<44} {value:>10.2f} {unit:<8} {value / floor:>7.2f} x {of} ({floor:.2f} {unit})")
