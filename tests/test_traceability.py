# SPDX-License-Identifier: Apache-2.0
"""Each sentence of the service's document has its scenarios, and the table says which."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def load() -> ModuleType:
    path = ROOT / "ci" / "traceability.py"
    specification = importlib.util.spec_from_file_location("traceability", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # Where dataclasses look for what an annotation means.
    sys.modules["traceability"] = module
    specification.loader.exec_module(module)
    return module


tool = load()
TABLE = tool.read_table()
FEATURES = tool.read_features()


def test_table_and_features_go_together() -> None:
    assert tool.problems(TABLE, FEATURES) == []


def test_no_sentence_is_there_twice() -> None:
    texts = [sentence.text for sentence in TABLE]
    assert len(texts) == len(set(texts))
    assert len(texts) >= 32


def test_the_page_is_up_to_date() -> None:
    assert tool.PAGE.read_text() == tool.render(TABLE)


def test_nothing_is_only_planned() -> None:
    assert tool.planned(TABLE) == []


HELD = next(each for each in TABLE if not each.held_by[0].planned)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"feature": "no_such"}, "there is no no_such.feature"),
        ({"scenarios": ("No such title",)}, "has no scenario 'No such title'"),
        ({"scenarios": ()}, "no scenario of"),
        ({"planned": True}, "a planned feature has scenarios"),
    ],
)
def test_a_table_that_names_what_is_not_there_is_found(
    changed: dict[str, object], problem: str
) -> None:
    wrong = replace(HELD, held_by=(replace(HELD.held_by[0], **changed),))
    assert any(problem in each for each in tool.problems([*TABLE, wrong], FEATURES))


def test_a_sentence_without_a_feature_is_found() -> None:
    assert any(
        "no feature holds" in each
        for each in tool.problems([*TABLE, replace(HELD, held_by=())], FEATURES)
    )


@pytest.mark.parametrize("name", list(FEATURES))
def test_a_feature_whose_sentence_is_not_in_the_table_is_found(name: str) -> None:
    without = [each for each in TABLE if tool.encoded_sentences(FEATURES[name]) not in each.text]
    assert any(f"{name}.feature encodes" in each for each in tool.problems(without, FEATURES))


def test_an_unknown_key_is_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_text('[[sentence]]\ntext = "A"\nfeatures = [{ name = "b", scenario = ["c"] }]\n')
    with pytest.raises(ValueError, match="scenario"):
        tool.read_table(path)
