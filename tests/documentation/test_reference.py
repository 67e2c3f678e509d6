# SPDX-License-Identifier: Apache-2.0
"""The reference pages: all that is imported, all steps and all faults, from the code."""

import doctest
import importlib.util
import re
from types import ModuleType

import pytest
from click.testing import CliRunner

from ci.documentation import benchmarks, links, reference, rendering
from selfrenew_emulator.cli import program
from tests.test_step_catalogue import DEFINED

PAGES = reference.pages()


@pytest.mark.parametrize("module", [benchmarks, links, reference, rendering])
def test_examples_of_the_generator_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", reference.modules())
def test_a_module_has_a_page_that_says_what_it_is(name: str) -> None:
    assert importlib.util.find_spec(name)
    assert f"::: {name}\n" in PAGES[reference.page_of(name)]
    # A docstring is Markdown already.
    assert f"({name}.md) | {reference.first_sentence(name)} |" in PAGES["api/index.md"]
    assert reference.first_sentence(name)


def test_the_packages_that_the_guides_use_are_there() -> None:
    wanted = {"selfrenew.config", "selfrenew.renewal", "selfrenew_emulator.stage"}
    assert wanted <= set(reference.modules())


def test_every_step_is_there() -> None:
    told = [step for noun in reference.steps() for step in noun.steps]
    assert len(told) == len(DEFINED)
    assert ("When", "Alice renews her card") in told


def test_every_fault_that_the_command_line_knows_is_there() -> None:
    faults = reference.faults()
    names = {each.name for each in faults}
    said = CliRunner().invoke(program, ["portal", "--help"], terminal_width=200).output
    known = set(re.findall(r"portal\.[a-z]+-[a-z]+", said))
    assert known
    assert known <= names
    assert all(each.reason for each in faults)
    page = PAGES["faults.md"]
    assert all(f"| `{name}` |" in page for name in names)
