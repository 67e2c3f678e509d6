# SPDX-License-Identifier: Apache-2.0
"""Each step of a feature has exactly one definition, and each definition a step that uses it.

pytest-bdd takes one of two definitions that match, silently; so what it would take is asked here.
"""

import importlib
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

import selfrenew_steps

ROOT = Path(__file__).parent.parent
FEATURES: list[Feature] = get_features([str(ROOT / "features")])


@dataclass(frozen=True)
class Used:
    """A step as a scenario has it, its examples filled in."""

    kind: str
    text: str


def used_steps() -> set[Used]:
    found = set()
    for feature in FEATURES:
        for template in feature.scenarios.values():
            rows = [row for examples in template.examples for row in examples.as_contexts()]
            for row in rows or [{}]:
                scenario = template.render(row)
                found.update(Used(step.type, step.name) for step in scenario.steps)
    return found


def definitions() -> list[StepFunctionContext]:
    for module in pkgutil.iter_modules(selfrenew_steps.__path__):
        # It has no steps, and needs playwright, which is there where there is a browser.
        if module.name != "service_page":
            importlib.import_module(f"selfrenew_steps.{module.name}")
    # pytest-bdd brings a step of its own, for stopping in a debugger.
    return [
        each
        for each in step_function_context_registry.values()
        if each.step_func.__module__.startswith("selfrenew_steps.")
    ]


USED = used_steps()
DEFINED = definitions()


def matching(used: Used) -> list[StepFunctionContext]:
    return [
        each
        for each in DEFINED
        if each.type in {used.kind, None} and each.parser.is_matching(used.text)
    ]


def test_there_are_features_and_definitions() -> None:
    assert len(FEATURES) >= 8
    assert len(DEFINED) >= 40


@pytest.mark.parametrize("used", sorted(USED, key=str), ids=lambda used: f"{used.kind} {used.text}")
def test_a_step_has_exactly_one_definition(used: Used) -> None:
    names = [each.step_func.__name__ for each in matching(used)]
    assert len(names) == 1, names


def test_every_definition_is_used() -> None:
    taken = {id(each) for used in USED for each in matching(used)}
    assert [each.step_func.__name__ for each in DEFINED if id(each) not in taken] == []


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: Path(feature.filename).stem)
def test_a_feature_says_why_and_names_its_sentence(feature: Feature) -> None:
    why, _, encodes = feature.description.partition("Encodes:")
    assert why.strip()
    assert re.search(r'"[^"]+"', encodes), feature.description


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: Path(feature.filename).stem)
def test_titles_are_not_repeated(feature: Feature) -> None:
    text = Path(feature.filename).read_text()
    titles = re.findall(r"^\s*Scenario(?: Outline)?: (.*)$", text, re.MULTILINE)
    assert len(titles) == len(set(titles))
