# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/pytest-plugin.md, written from the fixtures and the catalogue themselves."""

import inspect
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from selfrenew_emulator import pytest_plugin
from selfrenew_emulator.faults import CATALOGUE

PAGE = Path(__file__).parent.parent / "docs" / "pytest-plugin.md"
# What `pytest --fixtures` prints of one: name, scope where it is not a function's, and docstring.
_FIXTURE = re.compile(
    r"^(?P<name>selfrenew_\w+)(?: \[(?P<scope>\w+) scope\])? -- .*\n(?P<text>(?:(?: {4}.*)?\n)+)",
    re.MULTILINE,
)
_HELD = re.compile(r"\b(?:Iterator|Generator)\[(.*)\]$")


def fixtures_table() -> str:
    """Render what pytest itself says of the fixtures."""
    rows = ["| fixture | scope | type | what it gives | default |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "--fixtures",
                "-v",
                "-p",
                "no:cacheprovider",
                "-c",
                "/dev/null",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    for found in sorted(_FIXTURE.finditer(said), key=lambda each: each["name"]):
        what, _, default = " ".join(found["text"].split()).partition(" Default: ")
        gives = what.removeprefix("Give ").rstrip(".")
        kind = _type(getattr(pytest_plugin, found["name"]))
        scope = found["scope"] or "function"
        rows.append(f"| `{found['name']}` | {scope} | `{kind}` | {gives} | {default.rstrip('.')} |")
    return "\n".join(rows)


def faults_table() -> str:
    """Render the catalogue."""
    rows = [
        "| fault | may be told | strikes at | why it is met | what a correct client does |",
        "|---|---|---|---|---|",
    ]
    for fault in CATALOGUE.values():
        told = ", ".join(f"`{name}`" for name in fault.known)
        rows.append(
            f"| `{fault.name}` | {told} | {fault.trigger} | {fault.reason} | {fault.client} |"
        )
    return "\n".join(rows)


def filled(text: str) -> str:
    """Put the tables into the page's places for them."""
    for name, table in _tables():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the page has no place for the table of {name}")
        text = f"{before}{begin}{table}\n{end}{after}"
    return text


def _tables() -> Iterator[tuple[str, str]]:
    yield "fixtures", fixtures_table()
    yield "faults", faults_table()


def _type(fixture: object) -> str:
    annotation = inspect.signature(fixture).return_annotation  # type: ignore[arg-type]
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    held = _HELD.search(text)
    text = (held[1] if held else text).strip("'\"")
    return re.sub(r"\b(?:\w+\.)+", "", text)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
