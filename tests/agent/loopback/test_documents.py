# SPDX-License-Identifier: Apache-2.0
"""docs/security.md and docs/agent-api.md say what is there, all of it."""

import re
from pathlib import Path

from selfrenew import messages
from selfrenew.agent.estimate import StepName
from selfrenew.agent.failures import FailureReason
from selfrenew.agent.state import CardState
from selfrenew.renewal import RenewalState, SlotState

ROOT = Path(__file__).parents[3]
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
API = (ROOT / "docs" / "agent-api.md").read_text("utf-8")
_TEST = re.compile(r"^ *def (test_\w+)", re.MULTILINE)
PROTECTIONS = ("test_admission", "test_tickets", "test_handoffs", "test_requests", "test_secrecy")


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in _TEST.findall(path.read_text())
    }
    assert named
    assert named <= there


def test_every_protection_that_is_tested_is_in_the_threat_model() -> None:
    for module in PROTECTIONS:
        text = (Path(__file__).parent / f"{module}.py").read_text("utf-8")
        for name in _TEST.findall(text):
            assert f"`{name}`" in SECURITY


def test_every_line_of_the_threat_model_names_its_defence_and_a_test() -> None:
    rows = [line.split("|")[1:-1] for line in SECURITY.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if len(row) == 3 and "test_" in "|".join(row)]
    tables = SECURITY.count("| threat | defence | shown by |")
    assert len([row for row in rows if row[0].strip() == "threat"]) == tables
    assert len(threats) > 20
    assert all(cell.strip() for row in threats for cell in row)


def documented(heading: str) -> set[str]:
    """Take the reasons out of the tables below a heading."""
    section = API.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| (?:\d+ \| )?`(\w+)` \|", section, re.MULTILINE))


def test_every_reason_of_a_refusal_is_documented() -> None:
    assert documented("Refusals") == {*messages.PROBLEMS, "passcode_form"}


def test_every_reason_of_a_failure_is_documented_and_has_its_texts() -> None:
    reasons = {reason.value for reason in FailureReason}
    assert documented("How an operation ends") == reasons
    assert set(messages.FAILURES) == set(messages.FAILURE_REMEDIES) == reasons


def test_every_word_of_the_interface_is_documented() -> None:
    for kind in (StepName, CardState, RenewalState, SlotState):
        for word in kind:
            assert f"`{word.value}`" in API, word
