# SPDX-License-Identifier: Apache-2.0
"""A language that nobody speaks: each English text with every letter accented.

What is shown in plain letters while it is spoken was written into the program.
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from types import ModuleType

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from selfrenew.messages import translations

NAME = "en-XA"
"""CLDR's own name for a language of accents."""
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTED = "àƀćđéƒĝĥîĵķĺɱñóƥɋŕšţûṽŵẋýžÀƁĆĐÉƑĜĤÎĴĶĹṀÑÓƤɊŔŠŢÛṼŴẊÝŽ"
_ACCENTS = str.maketrans(_PLAIN, _ACCENTED)


def texts_tool() -> ModuleType:
    """Load `ci/texts.py`."""
    path = Path(__file__).parents[1] / "ci" / "texts.py"
    specification = importlib.util.spec_from_file_location("texts_tool", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def accent(text: str) -> str:
    """Put accents on every letter but those of fields."""
    made = ""
    for literal, name, spec, _ in Formatter().parse(text):
        made += literal.translate(_ACCENTS)
        if name is not None:
            made += f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
    return made


def write_catalogue(folder: Path, translate: Callable[[str], str] = accent) -> Path:
    """Translate every text that the tool extracts."""
    catalogue = Catalog()
    for message in texts_tool().extract():
        if not message.id:
            continue
        plural = isinstance(message.id, tuple)
        forms = tuple(map(translate, message.id)) if plural else translate(message.id)
        catalogue.add(message.id, forms)
    path = folder / NAME.replace("-", "_") / translations.FILE
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)
    return path


def plain_words(text: str) -> set[str]:
    """Find the words that have no accents; what has digits in it, such as a serial, is no word."""
    return set(re.findall(r"\b[A-Za-z]{3,}\b", text))
