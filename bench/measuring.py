# SPDX-License-Identifier: Apache-2.0
"""How the benchmarks measure and print: a figure, its floor in the same run, the ratio of both.

Each figure is also appended, as a line of JSON, to the file that SELFRENEW_BENCH_RESULTS names.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

_RESULTS = "SELFRENEW_BENCH_RESULTS"
_heads: list[str] = []


def median_ms(action: Callable[[], object], times: int) -> float:
    """Run an action several times; return the median of its duration in milliseconds."""
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        durations.append((time.perf_counter() - start) * 1e3)
    return statistics.median(durations)


def tell(name: str, value: float, unit: str, *, floor: float, of: str) -> None:
    """Print one line: the value, what it is compared with, and the ratio.

    A name that is indented goes on from the line before it.
    """
    print(f"{name:<44} {value:>10.2f} {unit:<8} {value / floor:>7.2f} x {of} ({floor:.2f} {unit})")
    if not name.startswith(" "):
        _heads.append(name)
    whole = ": ".join(dict.fromkeys([*_heads[-1:], name.strip()]))
    if results := os.environ.get(_RESULTS):
        entry = {"benchmark": Path(sys.argv[0]).stem, "name": whole, "value": value, "unit": unit}
        entry |= {"floor": floor, "of": of, "ended": datetime.now(UTC).isoformat()}
        _append(Path(results), json.dumps(entry))


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Benchmarks beside each other may append to the same file; a line goes in at one write.
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
