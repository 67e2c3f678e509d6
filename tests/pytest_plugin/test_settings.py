# SPDX-License-Identifier: Apache-2.0
"""What a project sets in its configuration or on the command line."""

import re

import pytest

from .conftest import RunPytest

_ENTRY = """
def test_time(selfrenew_clock):
    assert selfrenew_clock().isoformat() == "2030-01-02T03:04:00+00:00"

def test_person(selfrenew_person):
    print("user", selfrenew_person.user_id)
"""
_PCSC = """
def test_reader(selfrenew_pcsc_reader):
    pass
"""


def user(text: str) -> str:
    found = re.search(r"user (\d{12})", text)
    assert found is not None, text
    return found[1]


def test_the_clock_stands_where_the_project_says_and_a_seed_repeats_a_run(
    run_pytest: RunPytest,
) -> None:
    ended = run_pytest(_ENTRY, "-s", "--selfrenew-seed=random", selfrenew_now="2030-01-02T03:04Z")
    assert ended.counts == {"passed": 2}, ended.text
    told = re.search(r"^selfrenew: repeat with (--selfrenew-seed=\d+)$", ended.text, re.MULTILINE)
    assert told is not None, ended.text
    again = run_pytest(_ENTRY, "-s", told[1], selfrenew_now="2030-01-02T03:04:00+00:00")
    assert user(again.text) == user(ended.text)
    other = run_pytest(_ENTRY, "-s", selfrenew_now="2030-01-02T03:04Z")
    assert user(other.text) != user(ended.text)
    assert "selfrenew: repeat" not in other.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"selfrenew_now": "2030-01-02"}, "no moment with a time zone: '2030-01-02'. Write it"),
        ({"selfrenew_now": "yesterday"}, "no moment with a time zone: 'yesterday'. Write it"),
        ({"selfrenew_pcsc": "maybe"}, "'maybe'. Known: required, optional, auto."),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_line_with_the_remedy(
    run_pytest: RunPytest, settings: dict[str, str], said: str
) -> None:
    ended = run_pytest(_ENTRY, **settings)
    assert said in ended.text
    assert "Traceback" not in ended.text


@pytest.mark.parametrize(
    ("ci", "settings", "came_of_it"),
    [
        ("", {}, "skipped"),
        ("true", {}, "errors"),
        ("", {"selfrenew_pcsc": "required"}, "errors"),
        ("true", {"selfrenew_pcsc": "optional"}, "skipped"),
    ],
)
def test_without_pcscd_a_test_is_skipped_or_fails_as_the_project_says(
    run_pytest: RunPytest, ci: str, settings: dict[str, str], came_of_it: str
) -> None:
    lacking = """
@pytest.fixture(autouse=True, scope="session")
def _no_programs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        yield
"""
    ended = run_pytest(lacking + _PCSC, "-rs", ci=ci, **settings)
    assert ended.counts == {came_of_it: 1}, ended.text
    assert "apt install" in ended.text
