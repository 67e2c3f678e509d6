# SPDX-License-Identifier: Apache-2.0
"""From each sentence of the service's document to the scenarios that hold it."""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature

ROOT = Path(__file__).parent.parent
FEATURES = ROOT / "features"
TABLE = FEATURES / "traceability.toml"
PAGE = ROOT / "docs" / "traceability.md"
_KEYS = {"name", "scenarios", "planned"}
_HEAD = """\
# Traceability

Each sentence of the service's document, in its order, and the scenarios that hold it. Written by
`python ci/traceability.py` from [features/traceability.toml](../features/traceability.toml); a test
checks that each scenario exists, that no sentence is without one and that this page is up to date.

| sentence | feature | scenarios |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """The scenarios of one feature that hold a sentence; none yet where it is planned."""

    feature: str
    scenarios: tuple[str, ...]
    planned: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the document."""

    text: str
    held_by: tuple[Holding, ...]


def read_table(path: Path = TABLE) -> list[Sentence]:
    """Read the table. Raise KeyError or ValueError where it is malformed."""
    return [
        Sentence(entry["text"], tuple(map(_holding, entry["features"])))
        for entry in tomllib.loads(path.read_text())["sentence"]
    ]


def _holding(entry: dict[str, Any]) -> Holding:
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"'{entry['name']}' has the unknown keys {sorted(unknown)}")
    return Holding(
        entry["name"], tuple(entry.get("scenarios", ())), planned=entry.get("planned", False)
    )


def read_features(folder: Path = FEATURES) -> dict[str, Feature]:
    """Read every feature, by the name of its file."""
    return {Path(each.filename).stem: each for each in get_features([str(folder)])}


def encoded_sentences(feature: Feature) -> str:
    """Give what a feature's description quotes, as one line."""
    _, _, quoted = feature.description.partition("Encodes:")
    return " ".join(quoted.split()).strip('"')


def problems(table: list[Sentence], features: dict[str, Feature]) -> list[str]:
    """Name what does not go together in table and features."""
    found = []
    for sentence in table:
        if not sentence.held_by:
            found.append(f"no feature holds: {sentence.text}")
        for holding in sentence.held_by:
            found += [
                f"{problem}, named for: {sentence.text}" for problem in _wrong(holding, features)
            ]
    for name, feature in features.items():
        quoted = encoded_sentences(feature)
        if not any(quoted in each.text and _names(each, name) for each in table):
            found.append(f"{name}.feature encodes what no sentence that names it says: {quoted}")
    return found


def _wrong(holding: Holding, features: dict[str, Feature]) -> list[str]:
    if holding.planned:
        return ["a planned feature has scenarios"] if holding.scenarios else []
    feature = features.get(holding.feature)
    if feature is None:
        return [f"there is no {holding.feature}.feature"]
    if not holding.scenarios:
        return [f"no scenario of {holding.feature}.feature"]
    return [
        f"{holding.feature}.feature has no scenario '{title}'"
        for title in holding.scenarios
        if title not in feature.scenarios
    ]


def _names(sentence: Sentence, feature: str) -> bool:
    return any(holding.feature == feature for holding in sentence.held_by)


def planned(table: list[Sentence]) -> list[str]:
    """Name the features whose scenarios are still to be written, each with its sentence."""
    return [
        f"{holding.feature}: {sentence.text}"
        for sentence in table
        for holding in sentence.held_by
        if holding.planned
    ]


def render(table: list[Sentence]) -> str:
    """Render the page for readers."""
    lines = []
    for sentence in table:
        said = f"“{sentence.text}”"
        for holding in sentence.held_by:
            file = f"[{holding.feature}](../features/{holding.feature}.feature)"
            titles = "<br>".join(holding.scenarios)
            cells = (
                (said, holding.feature, "*planned*") if holding.planned else (said, file, titles)
            )
            lines.append(f"| {' | '.join(cells)} |")
            said = ""
    return _HEAD + "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; 1 where table and features do not go together."""
    table = read_table()
    found = problems(table, read_features())
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    PAGE.write_text(render(table))
    print("\n".join(f"planned: {each}" for each in planned(table)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
