# SPDX-License-Identifier: Apache-2.0
"""The table of browsers: which can show the page, from which version, where, and why others cannot.

A table is TOML: `[[browser]]` with `name`, and where they matter `lowest` (a version), `mode`,
`platforms`, `supported` (true if left out), `listed` (false: not shown to people) and `why`, which
names one of `messages.BROWSER_REASONS` or is a sentence of its own. The first row that fits a
browser by name, mode and platform counts.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Any

from .errors import BrowserTableError
from .identity import Browser, Mode

BUILT_IN = Path(__file__).parent / "browsers"
_NOT_LISTED = "not-listed"
_TOO_OLD = "too-old"
_WRONG_PLATFORM = "wrong-platform"


@unique
class Cause(StrEnum):
    """What a verdict rests on."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    TOO_OLD = "too-old"
    WRONG_PLATFORM = "wrong-platform"
    IE_MODE = "ie-mode"
    NOT_LISTED = "not-listed"


@dataclass(frozen=True, slots=True)
class Row:
    """One browser in one mode on some platforms; none named means all."""

    name: str
    lowest: tuple[int, ...] = ()
    mode: Mode | None = None
    platforms: tuple[str, ...] = ()
    supported: bool = True
    listed: bool = True
    why: str = ""

    @property
    def lowest_text(self) -> str:
        """The lowest version as a person reads it, '' for any."""
        return ".".join(map(str, self.lowest))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a browser can show the page, and if not, why."""

    browser: Browser
    cause: Cause
    why: str = ""

    @property
    def supported(self) -> bool:
        """Whether it can."""
        return self.cause is Cause.SUPPORTED


@dataclass(frozen=True, slots=True)
class BrowserTable:
    """The rows, in the order in which they count."""

    name: str
    rows: tuple[Row, ...]

    @property
    def supported(self) -> tuple[Row, ...]:
        """The rows a person may choose from."""
        return tuple(row for row in self.rows if row.supported and row.listed)

    def judge(self, browser: Browser) -> Verdict:
        """Judge a browser."""
        named = [row for row in self.rows if row.name == browser.name]
        in_mode = [row for row in named if row.mode in {None, browser.mode}]
        for row in in_mode:
            if row.platforms and browser.platform not in row.platforms:
                continue
            return _verdict(row, browser)
        if in_mode:
            return Verdict(browser, Cause.WRONG_PLATFORM, _WRONG_PLATFORM)
        return Verdict(browser, Cause.NOT_LISTED, _NOT_LISTED)


def _verdict(row: Row, browser: Browser) -> Verdict:
    if not row.supported:
        ie_mode = browser.mode is Mode.IE
        return Verdict(browser, Cause.IE_MODE if ie_mode else Cause.UNSUPPORTED, row.why)
    if browser.version < row.lowest:
        return Verdict(browser, Cause.TOO_OLD, _TOO_OLD)
    return Verdict(browser, Cause.SUPPORTED)


def load_table(name: str, folder: Path = Path()) -> BrowserTable:
    """Load a built-in table by its name, or a file. Raise BrowserTableError."""
    built_in = BUILT_IN / f"{name}.toml"
    is_built_in = name in {path.stem for path in BUILT_IN.glob("*.toml")}
    path = built_in if is_built_in else folder / name
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise BrowserTableError(str(path), error.strerror or "it cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise BrowserTableError(str(path), f"it is no TOML: {error}") from error
    rows = document.get("browser")
    if set(document) != {"browser"} or not isinstance(rows, list) or not rows:
        raise BrowserTableError(str(path), "it has to hold [[browser]] rows, and nothing else")
    return BrowserTable(name, tuple(_row(str(path), each) for each in rows))


def _row(source: str, found: Any) -> Row:
    known = {"name": str, "lowest": str, "mode": str, "platforms": list, "supported": bool}
    known |= {"listed": bool, "why": str}
    for key, value in found.items() if isinstance(found, Mapping) else [("row", found)]:
        if key not in known or not isinstance(value, known[key]):
            raise BrowserTableError(source, f"the row {found!r} has an unusable '{key}'")
    if "name" not in found:
        raise BrowserTableError(source, f"the row {found!r} names no browser")
    lowest = found.get("lowest", "")
    if lowest and not all(part.isascii() and part.isdigit() for part in lowest.split(".")):
        raise BrowserTableError(source, f"{lowest!r} is no version")
    try:
        mode = Mode(found["mode"]) if "mode" in found else None
    except ValueError as error:
        known_modes = ", ".join(Mode)
        raise BrowserTableError(source, f"{error}; known modes: {known_modes}") from error
    platforms = tuple(map(str, found.get("platforms", ())))
    version = tuple(int(part) for part in lowest.split(".")) if lowest else ()
    return Row(
        found["name"],
        version,
        mode,
        platforms,
        found.get("supported", True),
        found.get("listed", True),
        found.get("why", ""),
    )
