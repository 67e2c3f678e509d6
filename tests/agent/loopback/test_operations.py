# SPDX-License-Identifier: Apache-2.0
"""What the page has done with the card, from the request to the last event."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from selfrenew import messages
from selfrenew.agent.estimate import step_ended_by
from selfrenew.agent.operation import Operation
from selfrenew.agent.state import CardState
from selfrenew.renewal import Renewal
from selfrenew.secret import Secret
from selfrenew_emulator.card import Card
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import EmbeddedStage, mail_address
from selfrenew_steps.card_contents import key_goes_with, read_contents, takes_passcode, tries_left
from selfrenew_steps.passcode import make_global_pin_primary

from .world import NEW_PASSCODE, PASSCODE, Agent, events_of

STEPS = [
    "inspect", "preflight", "consent", "signing_key", "signing_certificate", "signing_confirmed",
    "authentication_key", "authentication_certificate", "authentication_confirmed", "sign_in",
]  # fmt: skip


def test_a_renewal_tells_each_step_and_ends_with_both_certificates(
    agent: Agent, stage: EmbeddedStage, card: Card
) -> None:
    before = read_contents(stage.reader).certificates
    events = agent.follow(agent.start(passcode=PASSCODE))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert {event["event"] for event in events} == {"progress"}
    snapshots = [event["data"] for event in events]
    assert all([step["step"] for step in each["steps"]] == STEPS for each in snapshots)
    active = [
        step["step"]
        for each in snapshots[:-1]
        for step in each["steps"]
        if step["state"] == "active"
    ]
    assert list(dict.fromkeys(active)) == STEPS
    last = snapshots[-1]
    assert {step["state"] for step in last["steps"]} == {"done"}
    assert (last["state"], last["seconds_left"]) == ("succeeded", 0)
    assert last["message"] == last["result"]["message"] == messages.SUCCESS
    after = read_contents(stage.reader).certificates
    for told in last["result"]["renewed"]:
        old, new = before[told["slot"]], after[told["slot"]]
        assert told["old_serial"] == f"{old.serial_number:X}"
        assert told["new_serial"] == f"{new.serial_number:X}"
        assert told["not_after"] == new.not_valid_after_utc.isoformat()
        assert key_goes_with(stage.reader, told["slot"], new, PASSCODE)
    assert [told["slot"] for told in last["result"]["renewed"]] == ["signing", "authentication"]


def test_a_renewal_is_foretold_three_minutes_and_never_less_than_none(agent: Agent) -> None:
    shown = [
        event["data"]["seconds_left"] for event in agent.follow(agent.start(passcode=PASSCODE))
    ]
    assert shown[0] == 180
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] == 0


def test_the_changed_passcode_alone_is_taken(agent: Agent, stage: EmbeddedStage) -> None:
    name = agent.start("change-passcode", passcode=PASSCODE, new_passcode=NEW_PASSCODE)
    ended = agent.outcome(name)
    assert (ended["state"], ended["message"]) == ("succeeded", messages.PASSCODE_CHANGED)
    assert takes_passcode(stage.reader, NEW_PASSCODE)
    assert not takes_passcode(stage.reader, PASSCODE)


def test_a_locked_card_that_no_code_unlocks_sends_to_the_registration_authority(
    agent: Agent, stage: EmbeddedStage, holder: Person
) -> None:
    stage.reader.remove()
    card = stage.make_card(holder, global_pin=PASSCODE.encode())
    make_global_pin_primary(card)
    stage.reader.insert(card)
    assert agent.page().get("/v1/card").json()["unlockable"] is False
    failure = [agent.outcome(agent.start(passcode="999999"))["result"] for _ in range(3)][-1]
    assert (failure["reason"], failure["card"]) == ("locked", messages.CARD_LOCKED)
    assert failure["remedy"] == "See your Registration Authority."


def code_for(stage: EmbeddedStage, holder: Person) -> str:
    text = stage.outbox.messages_to(mail_address(holder))[-1].get_content()
    found = re.search(r"^Your code is (\d+)$", text, re.MULTILINE)
    assert found is not None
    return found[1]


def wait_for(agent: Agent, name: str, state: str, last: int = 0) -> dict[str, Any]:
    headers = {"last-event-id": str(last)} if last else {}
    with agent.page().stream("GET", f"/v1/operations/{name}/events", headers=headers) as answer:
        return next(each for each in events_of(answer) if each["data"]["state"] == state)


def test_a_locked_card_is_unlocked_by_the_code_from_the_mail(
    agent: Agent, stage: EmbeddedStage, holder: Person
) -> None:
    for left in (2, 1):
        failure = agent.outcome(agent.start(passcode="999999"))["result"]
        assert failure["reason"] == "wrong_passcode"
        assert f"You have {left} remaining" in failure["message"]
    failure = agent.outcome(agent.start(passcode="999999"))["result"]
    assert failure["reason"] == "locked"
    assert failure["card"] == messages.CARD_LOCKED
    assert agent.page().get("/v1/hello").json()["state"] == "locked"
    name = agent.start("unlock")
    waiting = wait_for(agent, name, "awaiting_code")
    assert waiting["data"]["message"] == messages.UNLOCK_STARTED
    assert waiting["data"]["seconds_left"] is None
    page, path = agent.page(), f"/v1/operations/{name}/code"
    right = code_for(stage, holder)
    wrong = str(int(right) + 1).zfill(8)[-8:]
    given = {"code": wrong, "new_passcode": NEW_PASSCODE}
    assert page.post(path, json=given).status_code == 202
    again = wait_for(agent, name, "awaiting_code", waiting["id"])
    assert again["data"]["message"] == messages.OPERATION_CODE_WRONG
    assert page.post(path, json={**given, "code": right}).status_code == 202
    ended = agent.outcome(name)
    assert (ended["state"], ended["message"]) == ("succeeded", messages.UNLOCKED)
    assert takes_passcode(stage.reader, NEW_PASSCODE)
    assert agent.page().get("/v1/hello").json()["state"] == "card"
    assert page.post(path, json={**given, "code": right}).json()["reason"] == "no_code_wanted"


def test_a_code_that_came_too_late_ends_the_unlock(
    agent: Agent, stage: EmbeddedStage, holder: Person
) -> None:
    name = agent.start("unlock")
    wait_for(agent, name, "awaiting_code")
    stage.clock.advance(timedelta(minutes=15, seconds=1))  # type: ignore[attr-defined]
    given = {"code": code_for(stage, holder), "new_passcode": NEW_PASSCODE}
    agent.page().post(f"/v1/operations/{name}/code", json=given)
    failure = agent.outcome(name)["result"]
    assert failure["reason"] == "unlock_over"
    assert failure["card"] == messages.CARD_KEEPS_PASSCODE
    assert takes_passcode(stage.reader, PASSCODE)


def test_another_operation_takes_the_place_of_an_unlock_that_waits(agent: Agent) -> None:
    name = agent.start("unlock")
    wait_for(agent, name, "awaiting_code")
    with agent.page().stream("GET", f"/v1/operations/{name}/events") as answer:
        renewal = agent.start(passcode=PASSCODE)
        assert list(events_of(answer))[-1]["data"]["result"]["reason"] == "given_up"
    assert agent.outcome(renewal)["state"] == "succeeded"
    code = {"code": "1", "new_passcode": NEW_PASSCODE}
    late = agent.page().post(f"/v1/operations/{name}/code", json=code)
    assert (late.status_code, late.json()["reason"]) == (404, "no_operation")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator["Held"]:
    made = Held()
    run = Renewal.run

    def hold(renewal: Renewal) -> Any:
        made.begun.set()
        assert made.release.wait(30)
        return run(renewal)

    monkeypatch.setattr(Renewal, "run", hold)
    yield made
    made.release.set()


class Held:
    """Holds renewals until they are released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()


def test_a_second_operation_is_refused_while_one_runs(agent: Agent, held: Held) -> None:
    name = agent.start(passcode=PASSCODE)
    assert held.begun.wait(60)
    ticket = agent.portal.ticket(agent.launch.identifier, bytes(16))
    refused = agent.page().post("/v1/operations", json={"ticket": ticket, "passcode": PASSCODE})
    assert (refused.status_code, refused.json()["reason"]) == (409, "busy")
    assert agent.page().get("/v1/card").json()["reason"] == "busy"
    assert agent.page().get("/v1/hello").json()["state"] == "busy"
    held.release.set()
    assert agent.outcome(name)["state"] == "succeeded"


def test_two_tabs_and_a_reloaded_page_see_the_same_operation(agent: Agent, held: Held) -> None:
    name = agent.start(passcode=PASSCODE)
    assert held.begun.wait(60)
    first, second = agent.page(), agent.page()
    assert first.get("/v1/operations/current").json()["operation"] == name
    assert second.get("/v1/operations/current").json()["state"] == "running"
    path = f"/v1/operations/{name}/events"
    with first.stream("GET", path) as one, second.stream("GET", path) as other:
        held.release.set()
        assert list(events_of(one)) == list(events_of(other)) == agent.follow(name)
    assert agent.page().get("/v1/operations/current").json()["state"] == "succeeded"


def test_a_stream_is_taken_up_where_it_broke_off(agent: Agent) -> None:
    name = agent.start(passcode=PASSCODE)
    whole = agent.follow(name)
    for last in range(1, len(whole)):
        assert agent.follow(name, last) == whole[last:]
    assert agent.follow(name, 10_000) == whole


@pytest.mark.parametrize("last", ["x", "-1", "1e3", "", "9" * 40, "\uff11"])
def test_a_place_that_no_stream_gave_is_the_beginning(agent: Agent, last: str) -> None:
    name = agent.start(passcode=PASSCODE)
    whole = agent.follow(name)
    headers = {"last-event-id": last.encode()}
    with agent.page().stream("GET", f"/v1/operations/{name}/events", headers=headers) as answer:
        assert list(events_of(answer)) == whole


def pull_out_after(
    monkeypatch: pytest.MonkeyPatch, stage: EmbeddedStage, step: str
) -> Callable[[], Card]:
    """Take the card out at the moment at which a step of a renewal is done."""
    taken: list[Card] = []
    follow = Operation.follow

    def watch(operation: Operation, event: Any) -> None:
        follow(operation, event)
        if step_ended_by(event) == step and not taken:
            taken.append(stage.reader.remove())

    monkeypatch.setattr(Operation, "follow", watch)
    return lambda: taken[0]


WITHIN = "The {} certificate was being replaced"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("inspect", ("card_removed", messages.CARD_UNCHANGED)),
        ("signing_key", ("interrupted", WITHIN.format("signing"))),
        ("signing_confirmed", ("interrupted", WITHIN.format("authentication"))),
        ("authentication_certificate", ("interrupted", WITHIN.format("authentication"))),
        ("authentication_confirmed", ("card_removed", messages.CARD_RENEWED)),
    ],
)
def test_a_card_taken_out_in_the_middle_is_told_and_renewed_when_it_is_back(
    agent: Agent,
    stage: EmbeddedStage,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    told: tuple[str, str],
) -> None:
    taken = pull_out_after(monkeypatch, stage, step)
    ended = agent.outcome(agent.start(passcode=PASSCODE))
    assert ended["state"] == "failed"
    failure = ended["result"]
    assert failure["reason"] == told[0]
    assert failure["message"] == messages.FAILURES["card_removed"]
    assert failure["card"].startswith(told[1])
    # Without that key's certificate nobody signs in, as the page will want.
    assert ("selfrenew renew" in failure["remedy"]) is (told[1] == WITHIN.format("authentication"))
    stage.reader.insert(taken())
    again = agent.outcome(agent.start(passcode=PASSCODE))
    done = again["state"] == "succeeded" or again["result"]["reason"] == "not_due"
    assert done, again
    for slot, certificate in read_contents(stage.reader).certificates.items():
        assert certificate.not_valid_before_utc == stage.clock()
        assert key_goes_with(stage.reader, slot, certificate, PASSCODE)


def test_a_passcode_of_no_form_does_not_reach_the_card(agent: Agent, stage: EmbeddedStage) -> None:
    ticket = agent.ticket("change-passcode")
    for fields in (
        {"passcode": "123456789", "new_passcode": NEW_PASSCODE},
        {"passcode": "", "new_passcode": NEW_PASSCODE},
        {"passcode": PASSCODE, "new_passcode": "12345"},
        {"passcode": PASSCODE, "new_passcode": "1234567a"},
    ):
        refused = agent.page().post("/v1/operations", json={"ticket": ticket, **fields})
        assert (refused.status_code, refused.json()["reason"]) == (422, "passcode_form")
    assert tries_left(stage.reader) == 3
    # The ticket was not used up by a slip of the finger.
    good = {"ticket": ticket, "passcode": PASSCODE, "new_passcode": NEW_PASSCODE}
    begun = agent.page().post("/v1/operations", json=good)
    assert agent.outcome(begun.json()["operation"])["state"] == "succeeded"


def test_a_service_that_is_away_is_told_and_the_card_is_as_it_was(
    agent: Agent, stage: EmbeddedStage
) -> None:
    def cut(request: httpx.Request) -> None:
        raise httpx.ConnectError("the line was cut", request=request)

    before = read_contents(stage.reader)
    ticket = agent.ticket()
    assert (
        agent.page()
        .post("/v1/operations", json={"ticket": ticket, "passcode": "1" * 9})
        .json()["reason"]
        == "passcode_form"
    )
    agent.reference.http.event_hooks = {"request": [cut]}
    begun = agent.page().post("/v1/operations", json={"ticket": ticket, "passcode": PASSCODE})
    failure = agent.outcome(begun.json()["operation"])["result"]
    assert (failure["reason"], failure["card"]) == ("unreachable", messages.CARD_UNCHANGED)
    assert failure["message"] == messages.FAILURES["unreachable"]
    assert failure["remedy"] == messages.FAILURE_REMEDIES["unreachable"]
    assert read_contents(stage.reader) == before


def test_a_fault_of_the_program_is_told_without_its_details(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_: Renewal) -> None:
        raise RuntimeError("what only a developer wants to read")

    monkeypatch.setattr(Renewal, "run", break_down)
    ended = agent.outcome(agent.start(passcode=PASSCODE))
    assert ended["result"]["reason"] == "fault"
    assert "developer" not in str(ended)
    assert "developer" in caplog.text


def test_the_agent_stopped_before_the_first_write_leaves_the_card_as_it_was(
    agent: Agent, stage: EmbeddedStage, held: Held
) -> None:
    before = read_contents(stage.reader)
    name = agent.start(passcode=PASSCODE)
    assert held.begun.wait(60)
    with agent.page().stream("GET", f"/v1/operations/{name}/events") as answer:
        stopper = threading.Thread(target=agent.worker.stop, args=(30,))
        stopper.start()
        assert agent.worker.stopping.wait(60)
        held.release.set()
        last = list(events_of(answer))[-1]["data"]
        stopper.join(30)
    assert (last["state"], last["result"]["reason"]) == ("failed", "agent_stopped")
    assert last["result"]["card"] == messages.CARD_UNCHANGED
    assert read_contents(stage.reader) == before
    refused = agent.page().get("/v1/card")
    assert (refused.status_code, refused.json()["reason"]) == (503, "agent_stopped")


@pytest.mark.parametrize(
    ("step", "state"), [("signing_key", "failed"), ("authentication_key", "succeeded")]
)
def test_the_agent_stopped_within_a_slot_finishes_it_first(
    agent: Agent, stage: EmbeddedStage, monkeypatch: pytest.MonkeyPatch, step: str, state: str
) -> None:
    follow = Operation.follow

    def stop_at(operation: Operation, event: Any) -> None:
        follow(operation, event)
        if step_ended_by(event) == step:
            agent.worker.stopping.set()

    monkeypatch.setattr(Operation, "follow", stop_at)
    ended = agent.outcome(agent.start(passcode=PASSCODE))
    assert ended["state"] == state
    if state == "failed":
        assert ended["result"]["reason"] == "agent_stopped"
        assert ended["result"]["card"].startswith("The signing certificate is renewed")
    for slot, certificate in read_contents(stage.reader).certificates.items():
        assert key_goes_with(stage.reader, slot, certificate, PASSCODE)


def test_who_follows_an_operation_that_outlasts_the_agent_is_told(agent: Agent, held: Held) -> None:
    name = agent.start(passcode=PASSCODE)
    assert held.begun.wait(60)
    with agent.page().stream("GET", f"/v1/operations/{name}/events") as answer:
        assert agent.worker.stop(0) == "renew"
        agent.operations.stop()
        last = list(events_of(answer))[-1]["data"]
    assert (last["state"], last["result"]["reason"]) == ("failed", "agent_stopped")
    held.release.set()


def test_the_events_end_with_the_agent(agent: Agent) -> None:
    with agent.page().stream("GET", "/v1/events") as answer:
        stopper = threading.Thread(target=agent.server.stop)
        stopper.start()
        assert [each["data"]["state"] for each in events_of(answer)] == ["card"]
        stopper.join(30)


def test_the_relogin_is_seen_on_the_page(
    agent: Agent, stage: EmbeddedStage, card: Card, holder: Person
) -> None:
    with agent.page().stream("GET", "/v1/events") as answer:
        events = events_of(answer)
        assert next(events)["data"] == {"state": "card", "signed_in": None}
        agent.state.change(CardState.NO_CARD)
        assert next(events)["data"]["state"] == "no_card"
        session = agent.reference.session()
        login = session.sign_in(Secret(PASSCODE), lambda roles: roles[0])
        agent.state.change(CardState.SIGNED_IN, login)
        seen = next(events)
    assert seen["data"] == {
        "state": "signed_in",
        "signed_in": {
            "serial": f"{login.certificate_serial:X}",
            "name": holder.name,
            "role": holder.roles[0].name,
            "spine": True,
        },
    }
    headers = {"last-event-id": str(seen["id"] - 1)}
    with agent.page().stream("GET", "/v1/events", headers=headers) as answer:
        assert next(events_of(answer)) == seen
