# SPDX-License-Identifier: Apache-2.0
"""Who is let in: Host, Origin, pairing, and what browsers ask first."""

import hmac
import socket
from typing import Any

import httpx
import pytest

from selfrenew.agent.errors import PortTakenError
from selfrenew.agent.loopback import LoopbackServer
from selfrenew_emulator.stage import EmbeddedStage

from .world import HELLO, Agent, PortalServer, assert_is_problem, request, running_agent

PAIRED = ("/v1/card", "/v1/events", "/v1/operations/current", "/v1/operations/x/events")


PAIRED_POSTS = ("/v1/operations", "/v1/operations/x/code")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "{portal}.evil.example",
        "{portal}/",
        "{portal}, https://evil.example",
        "http{portal}",
        "*",
        "",
    ],
)
@pytest.mark.parametrize("path", [HELLO, "/v1/check", *PAIRED])
def test_a_page_of_another_origin_is_refused(agent: Agent, origin: str | None, path: str) -> None:
    if origin is not None:
        origin = origin.format(portal=agent.portal.origin)
    answer = agent.page(origin=origin).get(path)
    assert_is_problem(answer, 403, "wrong_origin")
    assert "access-control-allow-origin" not in answer.headers


def test_an_origin_that_is_given_twice_is_refused(agent: Agent) -> None:
    host, origin = f"Host: 127.0.0.1:{agent.server.port}", f"Origin: {agent.portal.origin}"
    assert b" 200 " in request(agent, host, origin)
    assert b"wrong_origin" in request(agent, host, origin, origin)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}",
     "localhost.evil.example:{port}", "127.0.0.1:{port}.evil.example", "[::1]:{port}", ""],
)  # fmt: skip
def test_a_name_rebound_to_this_computer_is_refused(agent: Agent, host: str) -> None:
    """DNS rebinding: the browser takes the attacker's name for this address, and Host tells it."""
    named = host.format(port=agent.server.port)
    for path in (HELLO, "/v1/card"):
        answer = agent.page(host=named).get(path)
        assert_is_problem(answer, 421, "wrong_host")
        assert agent.launch.identifier not in answer.text


def test_a_host_that_is_given_twice_is_refused(agent: Agent) -> None:
    host, origin = f"Host: 127.0.0.1:{agent.server.port}", f"Origin: {agent.portal.origin}"
    assert b"200 OK" not in request(agent, host, host, origin)


def test_both_names_of_this_computer_are_its_own(agent: Agent) -> None:
    for host in ("127.0.0.1", "localhost", "LOCALHOST"):
        answer = agent.page(host=f"{host}:{agent.server.port}").get(HELLO)
        assert answer.json()["product"] == "selfrenew-agent"


def test_nothing_but_this_computer_reaches_the_port(agent: Agent) -> None:
    """Not even by another address of this computer, as one of a network interface is."""
    elsewhere = ("127.0.0.2", agent.server.port)
    with (
        pytest.raises(OSError, match="refused"),
        socket.create_connection(elsewhere, timeout=60),
    ):
        pass


@pytest.mark.parametrize(
    "shown",
    [None, "", "Pairing", "Pairing wrong", "Bearer {secret}", "Pairing {secret}x",
     "pairing {secret}", "{secret}"],
)  # fmt: skip
def test_a_page_that_is_not_paired_is_refused(agent: Agent, shown: str | None) -> None:
    if shown is not None:
        shown = shown.format(secret=agent.launch.pairing_secret.reveal().decode())
    page = agent.page(authorization=shown)
    for answer in (
        *(page.get(path) for path in PAIRED),
        *(page.post(path, json={}) for path in PAIRED_POSTS),
    ):
        assert_is_problem(answer, 401, "not_paired")
        assert answer.headers["www-authenticate"] == "Pairing"


def test_the_secret_of_an_earlier_launch_is_refused(
    agent: Agent, stage: EmbeddedStage, portal: PortalServer
) -> None:
    with running_agent(stage, portal) as later:
        assert later.launch != agent.launch
        assert_is_problem(
            later.page(authorization=agent.pairing).get("/v1/card"), 401, "not_paired"
        )


def test_the_secret_is_compared_in_constant_time(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    real = hmac.compare_digest

    def watch(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr("selfrenew.agent.loopback.application.hmac.compare_digest", watch)
    agent.page(authorization="Pairing guess").get("/v1/card")
    assert compared == [(b"Pairing guess", agent.pairing.encode())]


def preflight(agent: Agent, origin: str | None = None, **headers: str) -> httpx.Response:
    return agent.page(
        origin=origin or agent.portal.origin,
        authorization=None,
        access_control_request_method="POST",
        access_control_request_headers="authorization,content-type",
        **headers,
    ).options("/v1/operations")


def test_a_preflight_of_the_portals_page_allows_what_it_needs(agent: Agent) -> None:
    answer = preflight(agent)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == agent.portal.origin
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "last-event-id"} == set(allowed)
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-private-network" not in answer.headers


def test_a_preflight_of_private_network_access_is_answered_where_it_is_asked(
    agent: Agent,
) -> None:
    asked = preflight(agent, access_control_request_private_network="true")
    assert asked.headers["access-control-allow-private-network"] == "true"
    other = preflight(agent, "https://evil.example", access_control_request_private_network="true")
    assert_is_problem(other, 403, "wrong_origin")
    assert not any(name.startswith("access-control") for name in other.headers)


def test_answers_are_for_the_portals_page_alone(agent: Agent) -> None:
    page = agent.page()
    for answer in (
        page.get(HELLO),
        page.get("/v1/card"),
        page.get("/nowhere"),
        page.post("/v1/operations", content=b""),
        agent.page(authorization=None).get("/v1/card"),
        agent.page(host="evil.example").get(HELLO),
    ):
        assert answer.headers["access-control-allow-origin"] == agent.portal.origin
        assert answer.headers["vary"] == "Origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_a_port_that_another_program_has_is_named(agent: Agent) -> None:
    with pytest.raises(PortTakenError, match=rf"127\.0\.0\.1:{agent.server.port}"):
        LoopbackServer(agent.server.port, lambda *_: None)  # type: ignore[arg-type,return-value]
