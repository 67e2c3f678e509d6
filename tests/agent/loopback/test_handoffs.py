# SPDX-License-Identifier: Apache-2.0
"""Introducing the agent to the portal by the back channel."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from selfrenew import messages
from selfrenew.agent.state import CardState
from selfrenew.config import ConfigurationError, load_configuration
from selfrenew.secret import Secret
from selfrenew.transport import AmbiguousCardError
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.reader.embedded import EmbeddedConnection
from selfrenew_emulator.stage import EmbeddedStage

from .world import HELLO, PASSCODE, Agent, PortalServer, assert_is_problem, running_agent


def test_the_secret_goes_to_the_portal_alone(agent: Agent) -> None:
    page = agent.page(authorization=None)
    answer = page.post("/v1/handoffs", json={})
    assert answer.json() == {"handoff": "c0de"}
    assert agent.portal.received == [
        {
            "launch": agent.launch.identifier,
            "pairing_secret": agent.launch.pairing_secret.reveal().decode(),
            "agent_version": page.get(HELLO).json()["version"],
            "api": 1,
            "port": agent.server.port,
            "spine_ticket": None,
            "card": agent.guid.hex(),
        }
    ]


def test_the_spine_ticket_of_who_is_signed_in_goes_by_the_back_channel(agent: Agent) -> None:
    login = agent.reference.session().sign_in(Secret(PASSCODE), lambda roles: roles[0])
    agent.state.change(CardState.SIGNED_IN, login)
    answer = agent.page().post("/v1/handoffs", json={})
    assert agent.portal.received[0]["spine_ticket"] == login.spine.ticket
    assert login.spine.ticket not in answer.text
    assert login.spine.ticket not in agent.page().get(HELLO).text


def test_a_session_of_another_card_is_not_handed_over(agent: Agent, stage: EmbeddedStage) -> None:
    login = agent.reference.session().sign_in(Secret(PASSCODE), lambda roles: roles[0])
    agent.state.change(CardState.SIGNED_IN, login)
    stage.reader.remove()
    stage.reader.insert(stage.make_card(stage.make_person("Bob Baker")))
    agent.page().post("/v1/handoffs", json={})
    assert agent.portal.received[0]["spine_ticket"] is None
    assert agent.portal.received[0]["card"] == agent.guid.hex() != login.guid.hex()


def test_without_a_card_nothing_is_handed_over(agent: Agent, stage: EmbeddedStage) -> None:
    stage.reader.remove()
    assert_is_problem(agent.page().post("/v1/handoffs", json={}), 409, "no_card")
    assert agent.portal.received == []


def test_two_cards_of_which_either_may_be_meant_are_told(
    stage: EmbeddedStage, portal: PortalServer
) -> None:
    class TwoReaders(EmbeddedReader):
        def connect(self) -> EmbeddedConnection:
            raise AmbiguousCardError("a smartcard that can be renewed", ["one", "two"])

    with running_agent(stage, portal, reader=TwoReaders()) as agent:
        for answer in (agent.page().post("/v1/handoffs", json={}), agent.page().get("/v1/card")):
            assert_is_problem(answer, 409, "several_cards")
            assert messages.FAILURE_REMEDIES["several_cards"] in answer.json()["message"]
    assert portal.received == []


def test_a_portal_that_is_not_trusted_is_told_nothing(
    stage: EmbeddedStage, card: object, tls_loopback: Any, portal: PortalServer
) -> None:
    portal.origin, portal.url = tls_loopback.url, f"{tls_loopback.url}/urswebapp/"
    with running_agent(stage, portal) as agent:
        answer = agent.page().post("/v1/handoffs", json={})
        assert_is_problem(answer, 502, "portal_unreachable")
    assert tls_loopback.seen == []


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_portal_that_does_not_play_its_part_is_told_as_that(agent: Agent, status: int) -> None:
    agent.portal.respond = lambda: PlainTextResponse("<html>no</html>", status)
    answer = agent.page().post("/v1/handoffs", json={})
    assert_is_problem(answer, 502, "portal_unreachable")
    assert "html" not in answer.text


def test_a_portal_without_tls_is_not_configured(stage: EmbeddedStage) -> None:
    environ = {"SELFRENEW_PORTAL_URL": "http://portal.example/urswebapp/"}
    with pytest.raises(ConfigurationError, match="has to be an https address"):
        load_configuration(stage.config_file, environ)
