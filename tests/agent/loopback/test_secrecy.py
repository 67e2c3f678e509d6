# SPDX-License-Identifier: Apache-2.0
"""What is told to whom: no passcode to anybody, the card to the paired page, no name in a check."""

import gc
import json
import logging
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from selfrenew.secret import Secret
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents, takes_passcode

from .world import PASSCODE, Agent, PortalServer, begin


def test_the_passcode_reaches_the_card_and_nothing_else(
    agent: Agent,
    stage: EmbeddedStage,
    portal: PortalServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sent: list[bytes] = []
    agent.reference.http.event_hooks = {"request": [lambda request: sent.append(request.read())]}
    answers: list[str] = []
    first, second = "19283746", "91827364"
    with caplog.at_level(logging.DEBUG):
        for fields in (
            {"passcode": PASSCODE, "new_passcode": first},
            {"passcode": first, "new_passcode": second},
            {"passcode": first, "new_passcode": second},
            {"passcode": first, "new_passcode": "19283746x"},
        ):
            begun = begin(agent, agent.ticket("change-passcode"), **fields)
            answers.append(begun.text)
            if begun.status_code == 202:
                answers.append(json.dumps(agent.follow(begun.json()["operation"])))
        body = {"ticket": agent.ticket(), "passcode": second, "unknown": first}
        answers.append(agent.page().post("/v1/operations", json=body).text)
        broken = b'{"passcode": "' + second.encode() + b'", }'
        page = agent.page(content_type="application/json")
        answers.append(page.post("/v1/operations", content=broken).text)
        begun = begin(agent, agent.ticket(), passcode=second)
        answers.append(json.dumps(agent.follow(begun.json()["operation"])))
    assert takes_passcode(stage.reader, second)
    said = capfd.readouterr()
    assert sent
    places = [caplog.text, said.out, said.err, *answers, *(raw.hex() for raw in sent)]
    places += [raw.decode("latin-1") for raw in sent]
    for passcode in (first, second):
        for form in (passcode, passcode.encode().hex()):
            assert not any(form in place.lower() for place in places)
    assert agent.launch.pairing_secret.reveal().decode() not in caplog.text


def test_the_card_is_told_to_the_paired_page(agent: Agent, stage: EmbeddedStage) -> None:
    told = agent.page().get("/v1/card").json()
    certificates = read_contents(stage.reader).certificates
    assert told["guid"] == agent.guid.hex()
    assert {slot["slot"]: slot["serial"] for slot in told["slots"]} == {
        name: f"{certificate.serial_number:X}" for name, certificate in certificates.items()
    }
    assert {slot["state"] for slot in told["slots"]} == {"due"}
    assert (told["window"]["state"], told["window"]["days_left"]) == ("due", 30)
    assert (told["tries_left"], told["locked"], told["renewal_refused"]) == (3, False, None)
    assert told["unlockable"] is True


@pytest.mark.parametrize(
    ("days", "state"), [(400, "not_due"), (91, "not_due"), (89, "due"), (-1, "expired")]
)
def test_the_window_is_told_with_its_dates(
    agent: Agent, stage: EmbeddedStage, days: int, state: str
) -> None:
    stage.reader.remove()
    stage.reader.insert(stage.make_card(stage.make_person(), days_left=days))
    window = agent.page().get("/v1/card").json()["window"]
    ends = stage.clock() + timedelta(days=days)
    assert window == {
        "state": state,
        "due_from": (ends - timedelta(days=90)).isoformat(),
        "not_after": ends.isoformat(),
        "days_left": max(0, days),
    }


def test_the_setup_check_finds_everything_there_and_names_nobody(agent: Agent, holder: Any) -> None:
    answer = agent.page(authorization=None).get("/v1/check")
    checks = answer.json()["checks"]
    assert [check["check"] for check in checks] == [
        "reader", "card", "ca", "management", "spine", "portal",
    ]  # fmt: skip
    assert all(check["ok"] and check["message"] for check in checks)
    for personal in (agent.guid.hex(), holder.name, holder.user_id):
        assert personal not in answer.text


def test_the_setup_check_names_what_is_missing(agent: Agent, stage: EmbeddedStage) -> None:
    stage.reader.remove()
    agent.portal.servers.stop()

    def cut(request: httpx.Request) -> None:
        if request.url.port == int(stage.urls.spine.rpartition(":")[2]):
            raise httpx.ConnectError("the line was cut", request=request)

    agent.reference.http.event_hooks = {"request": [cut]}
    checks = agent.page().get("/v1/check").json()["checks"]
    ok = {check["check"]: check["ok"] for check in checks}
    assert ok == {
        "reader": True, "card": False, "ca": True, "management": True,
        "spine": False, "portal": False,
    }  # fmt: skip
    told = {check["check"]: check["message"] for check in checks}
    assert "Insert your smartcard" in told["card"]
    assert re.search("did not answer.*try again later", told["spine"])


@pytest.mark.parametrize("passcode", [PASSCODE, "77665544"], ids=["succeeded", "failed"])
def test_the_agent_forgets_the_passcode_when_the_operation_is_over(
    agent: Agent, passcode: str
) -> None:
    new, newest = "83746152", "15263748"
    for old, following in ((passcode, new), (new, newest)):
        fields = {"passcode": old, "new_passcode": following}
        begun = begin(agent, agent.ticket("change-passcode"), **fields)
        ended = agent.outcome(begun.json()["operation"])
        assert ended["state"] == ("succeeded" if passcode == PASSCODE else "failed")
    # The worker has let its last job go once it has done another one.
    agent.worker.submit("after", lambda _: None).result(60)
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, Secret)]
    assert agent.launch.pairing_secret in held
    # Other tests of this process hold the usual passcode; these are of this one.
    assert not {Secret(each) for each in ("77665544", new, newest)} & set(held)
