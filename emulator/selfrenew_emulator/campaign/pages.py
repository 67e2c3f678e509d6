# SPDX-License-Identifier: Apache-2.0
"""The pages of a report: a heat map of place by fault, each cell with what went by there.

Plain HTML with its style inside, no script: it opens from a folder, a mail or a CI server.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from zlib import crc32

from .campaign import Order, Outcome, kind_of
from .client import replay_command
from .places import Places, place_of
from .result import Result, Verdict
from .timeline import Boundary, Request

_WORST = (Verdict.FAILED, Verdict.DIAGNOSED, Verdict.RECOVERED, Verdict.UNAFFECTED)
_LONG_ID = re.compile(r"/[0-9a-f]{16,}")
_MARKS = {
    Verdict.UNAFFECTED: "·",
    Verdict.RECOVERED: "↻",
    Verdict.DIAGNOSED: "!",
    Verdict.FAILED: "✗",
}
_MEANINGS = {
    Verdict.UNAFFECTED: "went on as if nothing were",
    Verdict.RECOVERED: "stopped, and running it again finished it",
    Verdict.DIAGNOSED: "cannot be finished here, and its holder was told so",
    Verdict.FAILED: "an invariant is broken",
}
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #212b32; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
a { color: #005eb8; }
table { border-collapse: collapse; }
.summary td, .summary th { padding: .2rem .8rem .2rem 0; text-align: left; }
.map { font-size: 13px; }
.map th.fault { height: 10.5rem; vertical-align: bottom; padding: 0; min-width: 1.9rem; }
.map th.fault span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap;
  font-weight: 500; }
.map th.place { text-align: left; font-weight: 400; padding: 0 .8rem 0 0; white-space: nowrap;
  position: sticky; left: 0; background: #fff; }
.map td { border: 1px solid #fff; width: 1.9rem; height: 1.45rem; text-align: center; padding: 0; }
.map td a { display: block; text-decoration: none; color: #212b32; line-height: 1.45rem; }
.number { color: #4c6272; display: inline-block; min-width: 2rem; text-align: right;
  margin-right: .6rem; font-variant-numeric: tabular-nums; }
.unaffected { background: #d8dde0; } .recovered { background: #aee0bd; }
.diagnosed { background: #ffdf7a; } .failed { background: #e06666; font-weight: 700; }
.key span { display: inline-block; min-width: 1.6rem; text-align: center; margin-right: .5rem; }
.key { list-style: none; padding: 0; }
.scroll { overflow-x: auto; }
article { border-top: 1px solid #d8dde0; padding: .8rem 0; }
article h3 { margin: 0 0 .3rem; font-size: 15px; } article h3 span { padding: 0 .4rem; }
pre { background: #f0f4f5; padding: .6rem; overflow-x: auto; font-size: 12.5px; line-height: 1.4; }
code { background: #f0f4f5; padding: 0 .2rem; }
article:target { outline: 3px solid #ffb81c; outline-offset: 4px; }
"""


def write_pages(folder: Path, outcome: Outcome) -> None:
    """Write index.html, and for each setting a page for each fault, with what went by."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in outcome.results:
        groups[_group(result)].append(result)
    parts = [_summary(outcome), _failures(outcome.failures)]
    pages: dict[str, list[Result]] = defaultdict(list)
    for result in outcome.results:
        pages[_title(result)].append(result)
    known = {str(places.setting): places for places in outcome.places}
    for title, results in pages.items():
        details = sorted(results, key=partial(_in_order, known))
        _page(folder / f"{_file(title)}.html", title, _details(details, outcome.order))
    for places in outcome.places:
        name = str(places.setting)
        if name in groups:
            parts.append(_heat_map(places, groups[name]))
    others = [name for name in sorted(groups) if name not in known]
    parts.extend(_list(name, groups[name]) for name in others)
    _page(folder / "index.html", "Campaign", "".join(parts))


def _group(result: Result) -> str:
    kind = kind_of(result)
    setting = result.case.partition("|")[0].strip()
    return f"pairs of faults, {setting}" if kind == "pairs" else setting


def _title(result: Result) -> str:
    """Name the page of a result: one for a whole setting would be too large to open."""
    fault = _order_of(result).partition(":")[0].strip()
    return f"{_group(result)}, {fault}" if "." in fault else _group(result)


def _file(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _summary(outcome: Outcome) -> str:
    summary = outcome.summary()
    rows = [
        *((f"{number}", kind) for kind, number in summary["kinds"].items()),
        (f"<b>{summary['cases']}</b>", "<b>cases</b>"),
    ]
    table = "".join(f"<tr><td>{number}</td><td>{what}</td></tr>" for number, what in rows)
    key = "".join(
        f'<li><span class="{verdict.value}">{_MARKS[verdict]}</span>'
        f"{summary['verdicts'][verdict.value]} {verdict.value}: {_MEANINGS[verdict]}</li>"
        for verdict in Verdict
    )
    speed = ""
    if outcome.played:
        speed = (
            f"<p>{outcome.played} of them were played in {outcome.seconds:.0f} seconds, "
            f"{outcome.per_second:.1f} a second. Seed {escape(outcome.order.seed)}.</p>"
        )
    cut = "<p><b>It was interrupted; cases are missing.</b></p>" if outcome.interrupted else ""
    return (
        f'<table class="summary">{table}</table><ul class="key">{key}</ul>{speed}{cut}'
        "<p>A row is a command or a request, a column a fault. A cell shows the worst of its "
        "kinds and leads to what went by.</p>"
    )


def _failures(failures: Sequence[Result]) -> str:
    if not failures:
        return "<p>No invariant was broken.</p>"
    items = "".join(
        f'<li><a href="{_link(each)}">{escape(each.case)}</a>: {escape(each.violations[0])}</li>'
        for each in failures
    )
    return f"<h2>Broken</h2><ul>{items}</ul>"


def _heat_map(places: Places, results: Sequence[Result]) -> str:
    rows: list[Boundary | Request | None] = [*places.rows]
    cells: dict[tuple[Boundary | Request | None, str], list[Result]] = defaultdict(list)
    for result in results:
        fault = _order_of(result)
        place = place_of(fault, places.boundaries, places.requests)
        cells[place, fault.partition(":")[0]].append(result)
    faults = sorted({fault for _, fault in cells}, key=_column_order)
    head = "".join(f'<th class="fault"><span>{escape(fault)}</span></th>' for fault in faults)
    body = ""
    for place in [None, *rows] if any(place is None for place, _ in cells) else rows:
        line = "".join(_cell(cells.get((place, fault), [])) for fault in faults)
        number, name = ("", "from the beginning") if place is None else (place.number, place.name)
        label = _LONG_ID.sub("/…", name)
        body += (
            f'<tr><th class="place"><span class="number">{number}</span>{escape(label)}</th>'
            f"{line}</tr>"
        )
    return (
        f"<h2>{escape(str(places.setting))}</h2>"
        f'<div class="scroll"><table class="map"><tr><th></th>{head}</tr>{body}</table></div>'
    )


def _order_of(result: Result) -> str:
    return result.case.partition("|")[2].strip()


def _in_order(known: Mapping[str, Places], result: Result) -> tuple[int, list[str | int]]:
    """Sort by place, then by fault; numbers as numbers, since a kill has no other place."""
    setting, _, orders = result.case.partition("|")
    first = orders.partition("|")[0].strip()
    places = known.get(setting.strip())
    row = places.row_of(first) if places is not None and first else -1
    parts = re.split(r"([0-9]+)", orders)
    return row, [int(part) if number % 2 else part for number, part in enumerate(parts)]


def _column_order(fault: str) -> tuple[int, str]:
    order = ("card", "reader", "world", "network", "management", "spine", "ca")
    kind = fault.partition(".")[0]
    return (order.index(kind) if kind in order else len(order), fault)


def _cell(results: Sequence[Result]) -> str:
    if not results:
        return "<td></td>"
    worst = min(results, key=lambda each: _WORST.index(each.verdict))
    said = escape("; ".join(_order_of(each) for each in results), quote=True)
    return (
        f'<td class="{worst.verdict.value}" title="{said}">'
        f'<a href="{_link(worst)}">{_MARKS[worst.verdict]}</a></td>'
    )


def _list(name: str, results: Sequence[Result]) -> str:
    """Count what has no place in a heat map, page by page."""
    pages: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        pages[_title(result)].append(result)
    items = ""
    for title in sorted(pages):
        counts = ", ".join(
            f"{number} {verdict.value}"
            for verdict in Verdict
            if (number := sum(each.verdict is verdict for each in pages[title]))
        )
        items += f'<li><a href="{_file(title)}.html">{escape(title)}</a>: {counts}</li>'
    return f"<h2>{escape(name)}</h2><ul>{items}</ul>"


def _link(result: Result) -> str:
    return f"{_file(_title(result))}.html#{_anchor(result)}"


def _anchor(result: Result) -> str:
    # A sum behind it, since what is left out may be all that two cases differ in.
    return f"{_file(result.case)}-{crc32(result.case.encode()):08x}"


def _details(results: Sequence[Result], order: Order) -> str:
    return '<p><a href="index.html">All of the campaign</a></p>' + "".join(
        _detail(each, order) for each in results
    )


def _detail(result: Result, order: Order) -> str:
    runs = ""
    for number, run in enumerate(result.runs, 1):
        code = "killed" if run.code is None else f"exit code {run.code}"
        went = escape("\n".join(run.timeline))
        runs += f"<p>Run {number}, {code}: {escape(run.text)}</p>" + (
            f"<pre>{went}</pre>" if went else ""
        )
    broken = "".join(f"<p><b>Broken: {escape(each)}</b></p>" for each in result.violations)
    at = f" at {escape(result.boundary)}" if result.boundary else ""
    return (
        f'<article id="{_anchor(result)}"><h3>'
        f'<span class="{result.verdict.value}">{result.verdict.value}</span> '
        f"{escape(result.case)}{at}</h3>{broken}"
        f"<p><code>{escape(replay_command(result.case, order.client, order.seed))}</code></p>"
        f"<details><summary>What went by</summary>{runs}</details></article>"
    )


def _page(file: Path, title: str, body: str) -> None:
    file.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n",
        encoding="utf-8",
    )
