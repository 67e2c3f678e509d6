# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pytest

from selfrenew import messages
from selfrenew_emulator.stage import EmbeddedStage

from .world import PortalServer, begin, events_of, running_agent


def test_answers_and_events_are_in_the_language_that_the_page_wants(
    stage: EmbeddedStage, portal: PortalServer, card: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: ContextVar[str] = ContextVar("spoken", default="")

    @contextmanager
    def speak(wanted: str) -> Iterator[None]:
        token = spoken.set(wanted)
        try:
            yield
        finally:
            spoken.reset(token)

    class Texts(dict[str, str]):
        def get(self, key: str, *_: object) -> str:
            return f"{spoken.get()}: {self[key]}"

    monkeypatch.setattr(messages, "PROBLEMS", Texts(messages.PROBLEMS))
    monkeypatch.setattr(
        "selfrenew.agent.operation._opening", lambda kind: f"{spoken.get()}: {kind.value}"
    )
    with running_agent(stage, portal, language=speak) as agent:
        for wanted in ("cy", "en-GB", ""):
            page = agent.page(accept_language=wanted, authorization=None)
            assert page.get("/v1/card").json()["message"].startswith(f"{wanted}: ")
        name = begin(agent, agent.ticket(), passcode="999999").json()["operation"]
        with agent.page(accept_language="cy").stream(
            "GET", f"/v1/operations/{name}/events"
        ) as answer:
            assert next(events_of(answer))["data"]["message"] == "cy: renew"
