# SPDX-License-Identifier: Apache-2.0
"""Which language is spoken, and its catalogue: `locale/LANGUAGE/LC_MESSAGES/selfrenew.po`.

A .po file is read as it stands when its language is first spoken, so that nothing has to be
compiled and no binary is kept; the forms and plural rules are those of the standard library.
"""

import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from .fields import misfit
from .marking import Plural, Text
from .texts.words import MONTHS

ENGLISH = "en"
"""The language of the keys, spoken where no other is known."""
FOLDER = Path(__file__).parent / "locale"
FILE = Path("LC_MESSAGES", "selfrenew.po")
_ACCEPTED_MAX = 20
_RANGE = re.compile(
    r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:\s*;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
_log = logging.getLogger("selfrenew.messages")
_spoken: ContextVar[str | None] = ContextVar("selfrenew-language", default=None)
_by_default = ENGLISH


def language() -> str:
    """Name the language that texts are in now, as HTML's `lang` wants it."""
    return _spoken.get() or _by_default


@contextmanager
def use_language(name: str) -> Iterator[None]:
    """Speak a language in this context; English where there is no catalogue of it.

    A thread has a context of its own: hand it `contextvars.copy_context()`.
    """
    token = _spoken.set(_known(name))
    try:
        yield
    finally:
        _spoken.reset(token)


@contextmanager
def speak_by_default(name: str) -> Iterator[None]:
    """Speak a language in every thread that uses no other: a program does it once, at its start."""
    global _by_default  # noqa: PLW0603  the one state of a process that threads do not inherit
    before, _by_default = _by_default, _known(name)
    try:
        yield
    finally:
        _by_default = before


def available_languages() -> list[str]:
    """Name the languages that can be spoken, English first."""
    found = sorted(path.parents[1].name.replace("_", "-") for path in FOLDER.glob(f"*/{FILE}"))
    return [ENGLISH, *(name for name in found if name != ENGLISH)]


def negotiate(accept_language: str) -> str:
    """Choose by an Accept-Language header (RFC 9110, 12.5.4; RFC 4647, 3.4)."""
    weighed = []
    for part in accept_language.split(",")[:_ACCEPTED_MAX]:
        match = _RANGE.fullmatch(part.strip())
        if match is not None and match[1] != "*" and (weight := float(match[2] or 1)) > 0:
            weighed.append((weight, match[1]))
    weighed.sort(key=lambda each: -each[0])
    return _look_up(tag for _, tag in weighed)


def language_of(environment: Mapping[str, str]) -> str:
    """Choose by the variables that gettext goes by (GNU gettext manual, 2.3)."""
    locale = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "C")
    wanted = locale
    if re.split("[.@]", locale)[0] not in {"C", "POSIX"}:
        wanted = environment.get("LANGUAGE") or locale
    return _look_up(re.split("[.@]", name)[0].replace("_", "-") for name in wanted.split(":"))


def _known(name: str) -> str:
    return _look_up([name.replace("_", "-")])


def _look_up(tags: Iterable[str]) -> str:
    """Find the first language that can be spoken, each tag cut from its end until one fits."""
    known = {name.lower(): name for name in available_languages()}
    for tag in tags:
        parts = tag.lower().split("-")
        while parts:
            if (name := known.get("-".join(parts))) is not None:
                return name
            parts.pop()
            if parts and len(parts[-1]) == 1:
                parts.pop()
    return ENGLISH


def translate(found: object) -> object:
    """Give a text, a plural, or a mapping or tuple of them in the language spoken now."""
    translations, months = _spoken_as(FOLDER, language())

    def put(found: object) -> object:
        match found:
            case str():
                return Text(translations.gettext(found), months)
            case Plural():
                return replace(found, translations=translations, months=months)
            case Mapping():
                return {key: put(value) for key, value in found.items()}
            case tuple():
                return tuple(map(put, found))
        raise TypeError(f"A text is expected, not {type(found).__name__}.")

    return put(found)


@cache
def _spoken_as(folder: Path, name: str) -> tuple[NullTranslations, tuple[str, ...]]:
    translations = _catalogue(folder, name)
    return translations, tuple(map(translations.gettext, MONTHS))


@cache
def _catalogue(folder: Path, name: str) -> NullTranslations:
    if name == ENGLISH:
        return NullTranslations()
    import polib  # noqa: PLC0415  only where another language than English is spoken

    entries = polib.pofile(str(folder / name.replace("-", "_") / FILE))
    for entry in list(entries):
        forms = list(entry.msgstr_plural.values()) or [entry.msgstr]
        if entry.translated() and (why := misfit([entry.msgid, entry.msgid_plural], forms)):
            _log.warning("Left '%s' in English: its translation to %s %s.", entry.msgid, name, why)
            entries.remove(entry)
    return GNUTranslations(io.BytesIO(entries.to_binary()))
