# SPDX-License-Identifier: Apache-2.0
"""docs/pytest-plugin.md: its tables are the plugin's own, and what it shows is run."""

import re
from pathlib import Path

import pytest

from ci import plugin_tables
from selfrenew_emulator import pytest_plugin
from selfrenew_emulator.faults import CATALOGUE

from .conftest import RunPytest

TEXT = plugin_tables.PAGE.read_text()
EXAMPLES = plugin_tables.PAGE.parent / "examples"
_ROW = re.compile(
    r"^\| `(selfrenew_\w+)` \| (\w+) \| `[\w\[\]]+` \| [^|]+ \| [^|]+ \|$", re.MULTILINE
)


def test_the_tables_are_up_to_date() -> None:
    assert plugin_tables.filled(TEXT) == TEXT, "run: python ci/plugin_tables.py"


def test_every_fixture_has_a_row_with_scope_type_and_default() -> None:
    rows = dict(_ROW.findall(TEXT))
    fixtures = {name for name in pytest_plugin.__all__ if name.startswith("selfrenew_")}
    assert rows.keys() == fixtures
    assert {name for name, scope in rows.items() if scope != "function"} == {"selfrenew_pcscd"}


def test_every_fault_has_a_row() -> None:
    assert [each for each in CATALOGUE if f"\n| `{each}` |" not in TEXT] == []


def test_a_page_without_a_place_for_a_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for the table of fixtures"):
        plugin_tables.filled("<!-- faults -->\n<!-- end of faults -->\n")


def test_its_first_example_passes(run_pytest: RunPytest) -> None:
    shown = re.search(r"```python\n(def test_my.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    ended = run_pytest(shown[1])
    assert ended.counts == {"passed": 1}, ended.text


def test_its_three_lines_for_steps_are_those_of_the_example() -> None:
    shown = re.search(r"# conftest.py\n(.*?)\n\n# test_features.py\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    lines = {
        name: [line for line in text.splitlines() if line]
        for name, text in (("conftest.py", shown[1]), ("test_features.py", shown[2]))
    }
    assert sum(map(len, lines.values())) == 3
    for name, expected in lines.items():
        written = (EXAMPLES / "bdd_project" / name).read_text().splitlines()
        assert set(expected) <= set(written)


def test_its_step_that_arms_a_fault_is_that_of_the_example() -> None:
    shown = re.search(r"```python\n(@given.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    assert shown[1] in (EXAMPLES / "bdd_project" / "conftest.py").read_text()


def test_its_settings_are_those_there_are() -> None:
    code = Path(str(pytest_plugin.__file__)).with_name("settings.py").read_text()
    table = TEXT.partition("## Settings")[2].partition("## Faults")[0]
    told = re.findall(r"^\| `(selfrenew_\w+)` \|", table, re.MULTILINE)
    assert told == re.findall(r'addini\(\s*"(\w+)"', code)
