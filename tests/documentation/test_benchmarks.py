# SPDX-License-Identifier: Apache-2.0
"""Benchmarks' results: written where that is asked for, read again, and plotted."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from ci.documentation.benchmarks import Figure, ResultError, pages, plot, read_figures
from ci.traceability import ROOT


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = ROOT / "bench" / "measuring.py"
    specification = importlib.util.spec_from_file_location("measuring", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["bench/bench_page.py"])
    return module


@pytest.fixture
def figures(measuring: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    path = tmp_path / "new" / "bench.jsonl"
    monkeypatch.setenv("SELFRENEW_BENCH_RESULTS", str(path))
    measuring.tell("The page, median", 900.0, "ms", floor=1000.0, of="the limit")
    measuring.tell("The page, median", 500.0, "ms", floor=1000.0, of="the limit")
    measuring.tell("  the slowest", 700.0, "ms", floor=1000.0, of="the limit")
    return read_figures(path)


def test_the_last_result_of_each_figure_counts(figures: list[Figure]) -> None:
    told = [(each.benchmark, each.name, each.value, each.ratio) for each in figures]
    assert told == [
        ("bench_page", "The page, median", 500.0, 0.5),
        ("bench_page", "The page, median: the slowest", 700.0, 0.7),
    ]


def test_nothing_is_written_where_none_asked(
    measuring: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SELFRENEW_BENCH_RESULTS", raising=False)
    monkeypatch.setattr(measuring.Path, "open", None)
    measuring.tell("The page", 1.0, "ms", floor=2.0, of="the limit")
    assert "0.50 x the limit (2.00 ms)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", json.dumps({"benchmark": "x", "ended": "yesterday"})]
)
def test_a_damaged_line_is_named_with_the_remedy(line: str, tmp_path: Path) -> None:
    path = tmp_path / "bench.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(ResultError, match=r"line 1 of .*bench\.jsonl.*measure again"):
        read_figures(path)


def test_without_results_the_page_says_how_to_make_them(tmp_path: Path) -> None:
    made = pages(read_figures(tmp_path / "none"))
    assert list(made) == ["benchmarks.md"]
    assert "No results are at hand" in made["benchmarks.md"]
    assert "SELFRENEW_BENCH_RESULTS" in made["benchmarks.md"]


def test_a_plot_is_drawn_for_each_background_and_the_same_each_time(figures: list[Figure]) -> None:
    pytest.importorskip("matplotlib")
    made = pages(figures)
    assert set(made) == {
        "benchmarks.md",
        "plots/bench_page-light.svg",
        "plots/bench_page-dark.svg",
    }
    assert ET.fromstring(made["plots/bench_page-dark.svg"]).tag.endswith("svg")  # noqa: S314  our own
    assert made["plots/bench_page-dark.svg"] == plot(figures, "dark")
    assert made["plots/bench_page-dark.svg"] != made["plots/bench_page-light.svg"]
    assert (
        "| The page, median | 500.00 ms | the limit (1000.00 ms) | 0.50 |" in made["benchmarks.md"]
    )
