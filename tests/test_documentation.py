# SPDX-License-Identifier: Apache-2.0
"""What the documents show is true."""

import contextlib
import importlib
import io
import re
from pathlib import Path

import pytest

from selfrenew_emulator.cli import ExitCode

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
_EXAMPLE = re.compile(
    r"<!-- example: runs as a test -->\n```python\n(?P<code>.*?)```\n"
    r"<!-- prints\n(?P<prints>.*?)-->",
    re.DOTALL,
)
_LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#]+)")


EXAMPLES = [
    pytest.param(example, id=document.name)
    for document in DOCUMENTS
    for example in _EXAMPLE.finditer(document.read_text())
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_prints_what_it_says(example: re.Match[str]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example["code"], "example", "exec"), {})  # noqa: S102  the example itself
    assert printed.getvalue() == example["prints"]


def test_the_readme_has_an_example() -> None:
    assert _EXAMPLE.search((ROOT / "README.md").read_text())


def test_the_errors_of_a_renewal_are_where_it_says() -> None:
    text = (ROOT / "docs" / "integrating.md").read_text()
    rows = re.findall(r"^ *\| `(\w+Error)` \| .* \| `(selfrenew[\w.]*)` \|$", text, re.MULTILINE)
    assert len(rows) == 7
    for name, module in rows:
        assert issubclass(getattr(importlib.import_module(module), name), Exception)


def test_the_emulators_exit_codes_stand_in_their_table() -> None:
    _, _, emulator = (ROOT / "docs" / "command-line.md").read_text().partition("# The emulator's")
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", emulator, re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(each, each.name) for each in ExitCode]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_an_exit_code_that_is_named_has_its_number(document: Path) -> None:
    for number, name in re.findall(r"\b(\d+) \((\w+)\)", document.read_text()):
        if name in ExitCode.__members__:
            assert ExitCode[name] == int(number)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for link in _LINK.finditer(document.read_text()):
        assert (document.parent / link["target"]).exists(), link["target"]


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    commands = re.findall(r"^ci/\S+", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["ci/demo", "ci/test"]
