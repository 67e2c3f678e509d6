# SPDX-License-Identifier: Apache-2.0
"""Card management and the Spine as they say no, or have another card's keys."""

import json
from typing import Any

import httpx
import pytest

from selfrenew_emulator.faults import FaultBoard

BODIES = {
    "/cards/00/management-authentication": {"response": "00" * 16},
    "/unlocks/1/keys": {"candidates": ["12345678", "98765432"], "next": "11111111"},
    "/health": {"status": "ok"},
}


class Line:
    """A client of two services, whose requests may be faulty on their way."""

    def __init__(self, *orders: str) -> None:
        self.board = FaultBoard()
        self.asked: list[str] = []
        inner = httpx.MockTransport(self._answer)
        line = self.board.before_services(inner, lambda url: url.host)
        self._http = httpx.Client(transport=line)
        for order in orders:
            self.board.arm(order)

    def get(self, service: str, path: str) -> httpx.Response:
        return self._http.get(f"https://{service}{path}")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        # As from a network: what is in it was not read yet.
        body = json.dumps(BODIES[request.url.path]).encode()
        return httpx.Response(200, stream=httpx.ByteStream(body))


def body_of(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == httpx.codes.OK
    return dict(response.json())


@pytest.mark.parametrize("service", ["management", "spine"])
def test_a_service_refuses_its_own_request_by_a_reason_and_hears_nothing_of_it(
    service: str,
) -> None:
    line = Line(f"{service}.refuses:at=2,reason=card_lost")
    other = {"management": "spine", "spine": "management"}[service]
    for asked in (other, service, other):
        assert line.get(asked, "/health").status_code == httpx.codes.OK
    refused = line.get(service, "/health")
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["reason"] == "card_lost"
    assert line.asked == [other, service, other]
    assert line.get(service, "/health").status_code == httpx.codes.OK
    assert line.board.history == [f"{service}.refuses"]


def test_card_management_answers_the_cards_challenge_by_another_key() -> None:
    line = Line("management.wrong-key")
    assert body_of(line.get("management", "/health")) == BODIES["/health"]
    path = "/cards/00/management-authentication"
    wrong = body_of(line.get("management", path))["response"]
    assert len(wrong) == 32
    assert wrong != BODIES[path]["response"]
    assert body_of(line.get("management", path)) == BODIES[path]


def test_card_management_hands_out_the_unlocking_keys_of_another_card() -> None:
    line = Line("management.wrong-key:at=2")
    assert body_of(line.get("management", "/unlocks/1/keys")) == BODIES["/unlocks/1/keys"]
    assert body_of(line.get("management", "/unlocks/1/keys")) == {
        "candidates": ["22345678", "08765432"],
        "next": "11111111",
    }
