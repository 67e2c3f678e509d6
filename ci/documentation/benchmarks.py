# SPDX-License-Identifier: Apache-2.0
"""The benchmarks' last results as plots: each figure as so many times its floor."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ci.documentation.rendering import render

# Text, bars and the line at 1, before the site's two backgrounds.
_COLOURS = {"light": ("#1b1f23", "#4051b5", "#b3261e"), "dark": ("#e9edf0", "#8c9eff", "#ff9d94")}
_KEYS = frozenset({"benchmark", "name", "value", "unit", "floor", "of", "ended"})


class ResultError(Exception):
    """A line is there, and is no result of a benchmark."""

    def __init__(self, path: Path, line: int, reason: Exception) -> None:
        super().__init__(
            f"Reading line {line} of {path} as a benchmark's result failed ({reason!r}); "
            "delete the file and measure again."
        )


@dataclass(frozen=True)
class Figure:
    """A figure, what it was compared with in the same run, and when that ended."""

    benchmark: str
    name: str
    value: float
    unit: str
    floor: float
    of: str
    ended: datetime

    @property
    def ratio(self) -> float:
        """How many times its floor it is."""
        return self.value / self.floor

    @property
    def label(self) -> str:
        """What it is and what it is compared with."""
        return f"{self.name}\nbeside {self.of}"


def read_figures(path: Path) -> list[Figure]:
    """Read the last result of each figure, in order; none where nothing was measured.

    Raise ResultError.
    """
    if not path.exists():
        return []
    last: dict[tuple[str, str, str], Figure] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            figure = _figure(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ResultError(path, number, error) from error
        last[figure.benchmark, figure.name, figure.of] = figure
    return list(last.values())


def _figure(entry: dict[str, Any]) -> Figure:
    ended = datetime.fromisoformat(entry["ended"])
    return Figure(**{**{key: entry[key] for key in _KEYS}, "ended": ended})


def pages(figures: Iterable[Figure]) -> dict[str, str]:
    """Make the page and its plots."""
    ordered = sorted(figures, key=lambda each: each.benchmark)
    groups = {name: list(each) for name, each in groupby(ordered, key=lambda each: each.benchmark)}
    made = {
        f"plots/{name}-{scheme}.svg": plot(group, scheme)
        for name, group in groups.items()
        for scheme in _COLOURS
    }
    made["benchmarks.md"] = render("benchmarks.md", groups=groups)
    return made


def plot(figures: Iterable[Figure], scheme: str) -> str:
    """Plot figures as bars, each as long as its ratio, with a line where it would be its floor."""
    # Slow to import, and not needed where nothing was measured.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    shown = list(figures)
    text, bars, line = _COLOURS[scheme]
    style: dict[Any, Any] = {
        "svg.hashsalt": "selfrenew",
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), text),
        "axes.edgecolor": text,
    }
    with mpl.rc_context(style):
        canvas = Canvas(figsize=(9, 1.1 + 0.55 * len(shown)), layout="constrained")
        axes = canvas.subplots()
        labels = [each.label for each in shown]
        drawn = axes.barh(labels, [each.ratio for each in shown], color=bars)
        told = [f" {each.ratio:.2f} x ({each.value:.2f} {each.unit})" for each in shown]
        axes.bar_label(drawn, told)
        axes.axvline(1, color=line, linewidth=1, linestyle="--")
        axes.margins(x=0.3)
        axes.invert_yaxis()
        axes.set_xlabel("times what it is compared with, measured in the same run")
        axes.spines[["top", "right"]].set_visible(False)
        out = io.StringIO()
        canvas.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return out.getvalue()
