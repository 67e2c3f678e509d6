# SPDX-License-Identifier: Apache-2.0
"""Which browser is asking, told from User-Agent and the client hints that come unasked.

The hints are those of low entropy (User-Agent Client Hints, 3.2), which browsers built on Chromium
send to every https server. They count before User-Agent, which such browsers keep alike. More of
them would cost a round trip and tell no more: a row of the table names a major version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

import ua_parser

_AGENT_MAX = 512
_HINT_MAX = 1024
_BRAND = re.compile(r'"((?:[^"\\]|\\.)*)"\s*;\s*v="([0-9.]{1,32})"')
_TRIDENT = re.compile(r"Trident/(\d{1,2})\.")
_MSIE = re.compile(r"MSIE (\d{1,2})\.")
_TRIDENT_BEHIND = 4
"""Trident/7.0 is the engine of Internet Explorer 11, and so on down."""
_NAMES = {
    "Chrome": "Google Chrome",
    "Edge": "Microsoft Edge",
    "Firefox": "Mozilla Firefox",
    "IE": "Internet Explorer",
}
_PLATFORMS = {
    "Mac OS X": "macOS",
    "Ubuntu": "Linux",
    "Debian": "Linux",
    "Fedora": "Linux",
    "Chrome OS": "ChromeOS",
    "Chromium OS": "ChromeOS",
}
_ENGINE_BRAND = "Chromium"


@unique
class Mode(StrEnum):
    """How a browser shows a page."""

    STANDARD = "standard"
    COMPATIBILITY = "compatibility"
    """Internet Explorer taking itself for an older one."""
    IE = "ie"
    """Internet Explorer's engine on Windows 10 or later, as Edge's IE mode runs it."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser; `version` empty and texts '' where it does not tell."""

    name: str
    version: tuple[int, ...]
    platform: str
    mode: Mode = Mode.STANDARD

    @property
    def version_text(self) -> str:
        """The version as a person reads it."""
        return ".".join(map(str, self.version))


def identify(headers: Mapping[str, str]) -> Browser:
    """Tell the browser by a request's headers, their names in lower case."""
    agent = headers.get("user-agent", "")[:_AGENT_MAX]
    explorer = _internet_explorer(agent)
    if explorer is not None:
        return explorer
    # A parser's caches and rules are made for whole agents; an empty one has nothing to tell.
    parsed = ua_parser.parse(agent)
    found = parsed.user_agent
    name = found.family if found else ""
    parts = (found.major, found.minor) if found else ()
    browser = Browser(_NAMES.get(name, name), _version(parts), _platform(parsed))
    hinted = _hinted(headers)
    return browser if hinted is None else Browser(*hinted, _platform_hint(headers, browser))


def prepare() -> None:
    """Load the rules, which takes a third of a second, before the first person waits for it."""
    identify({"user-agent": "Mozilla/5.0"})


def _internet_explorer(agent: str) -> Browser | None:
    trident, msie = _TRIDENT.search(agent), _MSIE.search(agent)
    if trident is None and msie is None:
        return None
    claimed = int(msie[1]) if msie else None
    version = int(trident[1]) + _TRIDENT_BEHIND if trident else claimed or 0
    mode = Mode.STANDARD
    # Internet Explorer itself is gone from Windows 10 and was never on 11; its user agent stays.
    if "Windows NT 10." in agent:
        mode = Mode.IE
    elif claimed is not None and claimed < version:
        mode = Mode.COMPATIBILITY
    platform = "Windows" if "Windows" in agent else ""
    return Browser(_NAMES["IE"], (version,), platform, mode)


def _hinted(headers: Mapping[str, str]) -> tuple[str, tuple[int, ...]] | None:
    """Find the brand among those of Sec-CH-UA: the one that is neither grease nor the engine."""
    text = headers.get("sec-ch-ua-full-version-list") or headers.get("sec-ch-ua", "")
    brands = dict(_BRAND.findall(text[:_HINT_MAX]))
    if _ENGINE_BRAND not in brands:
        return None
    # Brands that are there to be overlooked have other characters than letters between the words.
    named = [name for name in brands if re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)*", name)]
    named = [name for name in named if name != _ENGINE_BRAND and "Brand" not in name.split()]
    name = named[0] if named else _ENGINE_BRAND
    return name, _version(brands[name].split(".")[:2])


def _platform_hint(headers: Mapping[str, str], browser: Browser) -> str:
    hint = headers.get("sec-ch-ua-platform", "")[:_HINT_MAX].strip().strip('"')
    hint = _PLATFORMS.get(hint, hint)
    told = hint != "Unknown" and re.fullmatch(r"[A-Za-z ]{1,20}", hint)
    return hint if told else browser.platform


def _platform(parsed: ua_parser.Result) -> str:
    family = parsed.os.family if parsed.os else ""
    return _PLATFORMS.get(family, family)


def _version(parts: "list[str] | tuple[str | None, ...]") -> tuple[int, ...]:
    numbers: list[int] = []
    for part in parts:
        if part is None or not part.isascii() or not part.isdigit() or len(part) > 9:
            break
        numbers.append(int(part))
    return tuple(numbers)
