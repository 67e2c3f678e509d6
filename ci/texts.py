# SPDX-License-Identifier: Apache-2.0
"""What a translator needs: the template of all texts, and each language's catalogue beside it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from selfrenew import messages
from selfrenew.messages import translations
from selfrenew.messages.fields import misfit
from selfrenew.messages.marking import EXTRACTED

_PACKAGE = Path(messages.__path__[0])
_COMMENT = "Translators:"


def extract() -> Catalog:
    """Collect every text that is marked, with what is said to translators."""
    keywords = {
        name: _indices(rest) for name, _, rest in (each.partition(":") for each in EXTRACTED)
    }
    template = Catalog(project="selfrenew", copyright_holder="The selfrenew maintainers")
    found = extract_from_dir(
        _PACKAGE, [("**.py", "python")], keywords=keywords, comment_tags=(_COMMENT,)
    )
    for file, line, message, comments, context in found:
        template.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    return template


def _indices(text: str) -> tuple[int, ...] | None:
    return tuple(map(int, text.split(","))) if text else None


def catalogue_files() -> list[Path]:
    """Name each language's file."""
    return sorted(translations.FOLDER.glob(f"*/{translations.FILE}"))


def begin(language: str) -> Path:
    """Begin a language with every text untranslated. Raise FileExistsError."""
    made = Catalog(locale=language, project="selfrenew", fuzzy=False)
    made.update(extract())
    path = translations.FOLDER / str(made.locale) / translations.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        write_po(file, made, width=100)
    return path


def update(path: Path) -> None:
    """Bring a language's file up to date: new texts empty, changed ones fuzzy, old ones kept."""
    catalogue = _read(path)
    catalogue.update(extract())
    with path.open("wb") as file:
        write_po(file, catalogue, width=100)


def problems(path: Path) -> list[str]:
    """Name what keeps a language from being shipped."""
    catalogue, known = _read(path), {message.id for message in extract() if message.id}
    found = [f"{path}: not in the file: {_first(key)!r}" for key in known - _keys(catalogue)]
    for message in catalogue:
        if not message.id:
            continue
        keys, forms = _all(message.id), _all(message.string)
        where = f"{path}: {keys[0]!r}"
        if message.id not in known:
            found.append(f"{where} is no text any more")
        elif message.fuzzy or not all(forms):
            found.append(f"{where} is not translated")
        elif (why := misfit(keys, forms)) is not None:
            found.append(f"{where}: its translation {why}")
    return sorted(found)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def _keys(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def _first(key: object) -> object:
    return key[0] if isinstance(key, tuple) else key


def _all(given: object) -> list[str]:
    return [str(form) for form in given] if isinstance(given, tuple | list) else [str(given)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; 1 where the check finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("extract", help="print the template of all texts")
    commands.add_parser("init", help="begin a language").add_argument("language")
    commands.add_parser("update", help="bring each language up to date")
    commands.add_parser("check", help="tell what is missing or wrong in each language")
    given = parser.parse_args(arguments)
    files = catalogue_files()
    match given.command:
        case "extract":
            write_po(sys.stdout.buffer, extract(), width=100)
        case "init":
            print(begin(given.language))
        case "update":
            for path in files:
                update(path)
                print(path)
        case _:
            found = [problem for path in files for problem in problems(path)]
            print("\n".join(found) or f"{len(files)} translations, nothing to do")
            return bool(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
