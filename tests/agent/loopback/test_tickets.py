# SPDX-License-Identifier: Apache-2.0
"""The portal's leave: whose, for what, how long, and once."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.responses import PlainTextResponse

from selfrenew.operation_ticket import LIFETIME, TOLERANCE
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents, takes_passcode, tries_left

from .world import NEW_PASSCODE, PASSCODE, Agent, assert_is_problem, begin


@pytest.fixture
def untouched(agent: Agent, stage: EmbeddedStage) -> Iterator[None]:
    """Whatever the test sends, the card stays as it was."""
    before = read_contents(stage.reader)
    yield
    assert agent.operations.current is None
    assert read_contents(stage.reader) == before
    assert tries_left(stage.reader) == 3


@pytest.mark.usefixtures("untouched")
class TestTickets:
    def test_without_a_ticket_nothing_begins(self, agent: Agent) -> None:
        answer = agent.page().post("/v1/operations", json={"passcode": PASSCODE})
        assert_is_problem(answer, 422, "wrong_form")

    @pytest.mark.parametrize("ticket", ["", "x", "a.b.c", "\udcff", "é" * 50])
    def test_what_is_no_ticket_is_refused(self, agent: Agent, ticket: str) -> None:
        body = json.dumps({"ticket": ticket, "passcode": PASSCODE})
        answer = agent.page(content_type="application/json").post("/v1/operations", content=body)
        assert_is_problem(answer, 403, "ticket_invalid")

    def test_a_forged_ticket_is_refused(self, agent: Agent) -> None:
        forged = agent.ticket(key=Ed25519PrivateKey.generate())
        assert_is_problem(begin(agent, forged), 403, "ticket_invalid")

    def test_a_ticket_of_another_portal_is_refused(self, agent: Agent) -> None:
        ticket = agent.ticket(portal="https://other.example")
        assert_is_problem(begin(agent, ticket), 403, "ticket_invalid")

    def test_a_ticket_for_another_launch_is_refused(self, agent: Agent) -> None:
        assert_is_problem(begin(agent, agent.ticket(launch="ab" * 16)), 403, "ticket_invalid")

    def test_a_ticket_for_another_card_is_refused(self, agent: Agent) -> None:
        assert_is_problem(begin(agent, agent.ticket(card=bytes(16))), 403, "wrong_card")

    def test_a_ticket_for_another_operation_is_refused(self, agent: Agent) -> None:
        for operation, fields in (
            ("renew", {"new_passcode": NEW_PASSCODE}),
            ("change-passcode", {}),
            ("unlock", {}),
        ):
            answer = begin(agent, agent.ticket(operation), **fields)
            assert_is_problem(answer, 422, "wrong_form")

    @pytest.mark.parametrize("late", [LIFETIME, -LIFETIME])
    def test_a_ticket_out_of_its_time_is_refused(self, agent: Agent, late: timedelta) -> None:
        margin = TOLERANCE + timedelta(seconds=1)
        issued_at = agent.stage.clock() - late - (margin if late > timedelta() else -margin)
        assert_is_problem(begin(agent, agent.ticket(issued_at=issued_at)), 403, "ticket_expired")

    def test_over_a_remote_desktop_nothing_begins(self, agent: Agent) -> None:
        agent.refusal = "You are connected by a remote desktop."
        assert_is_problem(begin(agent, agent.ticket()), 403, "remote_desktop")
        assert agent.page().get("/v1/card").json()["renewal_refused"] == agent.refusal


def test_a_ticket_is_taken_once(agent: Agent, stage: EmbeddedStage) -> None:
    ticket = agent.ticket()
    begun = begin(agent, ticket, passcode="999999")
    agent.outcome(begun.json()["operation"])
    left = tries_left(stage.reader)
    assert_is_problem(begin(agent, ticket, passcode="999999"), 403, "ticket_used")
    assert tries_left(stage.reader) == left == 2


def test_a_ticket_sent_many_times_at_once_begins_one_operation(agent: Agent) -> None:
    ticket, answers = agent.ticket(), list[httpx.Response]()
    pages = [agent.page() for _ in range(6)]

    def send(page: httpx.Client) -> None:
        answers.append(page.post("/v1/operations", json={"ticket": ticket, "passcode": PASSCODE}))

    threads = [threading.Thread(target=send, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    begun = [answer for answer in answers if answer.status_code == 202]
    assert len(begun) == 1
    refused = {answer.json()["reason"] for answer in answers if answer not in begun}
    assert refused <= {"ticket_used", "busy"}
    assert agent.outcome(begun[0].json()["operation"])["state"] == "succeeded"


def test_a_card_changed_after_the_ticket_was_checked_is_left_alone(
    agent: Agent, stage: EmbeddedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = agent.operations.start

    def swap(order: Any) -> Any:
        stage.reader.remove()
        stage.reader.insert(stage.make_card(stage.make_person("Bob Baker")))
        return start(order)

    monkeypatch.setattr(agent.operations, "start", swap)
    for operation, fields in (
        ("renew", {}),
        ("change-passcode", {"new_passcode": NEW_PASSCODE}),
    ):
        begun = begin(agent, agent.ticket(operation), **fields)
        failure = agent.outcome(begun.json()["operation"])["result"]
        assert failure["reason"] == "card_swapped"
        assert takes_passcode(stage.reader, PASSCODE)


def test_a_portal_that_was_started_anew_is_asked_for_its_key_again(agent: Agent) -> None:
    agent.outcome(begin(agent, agent.ticket(), passcode="999999").json()["operation"])
    old = agent.ticket()
    agent.portal.restart()
    asked = agent.portal.asked.count("/.well-known/jwks.json")
    begun = begin(agent, agent.ticket())
    assert agent.outcome(begun.json()["operation"])["state"] == "succeeded"
    assert agent.portal.asked.count("/.well-known/jwks.json") == asked + 1
    assert_is_problem(begin(agent, old), 403, "ticket_invalid")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_portal_without_keys_is_told_as_that(agent: Agent, status: int) -> None:
    ticket = agent.ticket()
    agent.portal.respond = lambda: PlainTextResponse("no", status)
    answer = begin(agent, ticket)
    assert answer.status_code == 502
    assert answer.json()["reason"].startswith("portal_")


def test_a_ticket_without_the_passcode_does_nothing_to_the_card(
    agent: Agent, stage: EmbeddedStage
) -> None:
    """What another program of this computer could get by itself."""
    before = read_contents(stage.reader)
    begun = begin(agent, agent.ticket(), passcode="000000")
    assert agent.outcome(begun.json()["operation"])["result"]["reason"] == "wrong_passcode"
    assert read_contents(stage.reader) == before
