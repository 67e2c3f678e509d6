# SPDX-License-Identifier: Apache-2.0
"""Handoffs, sessions and tickets, as agents and the page ask for them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from selfrenew.operation_ticket import OperationKind, read_jwks, verify
from selfrenew.portal.sessions import IDLE, LONGEST, Sessions, TooManyError, Visit
from selfrenew.secret import Secret
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW


def reason(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["reason"]


def test_a_handoff_becomes_a_session_that_a_reload_finds_again(portal: Any) -> None:
    begun = portal.begin()
    assert begun.status_code == 201
    assert begun.json() == {
        "pairing_secret": "s" * 43,
        "port": 43485,
        "launch": "ab" * 16,
        "card": "cd" * 16,
        "limited": False,
        "name": "Alice Archer",
        "role": "Clinician",
    }
    assert portal.spine.asked == ["good"]
    assert portal.page("GET", "session").json() == begun.json()
    assert "good" not in begun.text


def test_the_cookie_is_for_this_host_by_https_and_for_no_script(portal: Any) -> None:
    cookie = portal.begin().headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "__Host-selfrenew"
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


def test_a_handoff_is_good_once(portal: Any) -> None:
    code = portal.hand_off().json()["handoff"]
    assert portal.page("POST", "session", json={"handoff": code}).status_code == 201
    again = portal.page("POST", "session", json={"handoff": code})
    assert reason(again) == (403, "handoff_invalid")


def test_a_handoff_is_good_for_a_minute(portal: Any) -> None:
    code = portal.hand_off().json()["handoff"]
    portal.clock.advance(timedelta(seconds=60))
    late = portal.page("POST", "session", json={"handoff": code})
    assert reason(late) == (403, "handoff_invalid")


def test_without_a_spine_ticket_only_an_unlock_is_to_be_had(portal: Any) -> None:
    assert portal.begin(spine_ticket=None).json()["limited"] is True
    for operation in ("renew", "change-passcode"):
        refused = portal.page("POST", "operations", json={"operation": operation})
        assert reason(refused) == (403, "limited_session")
    allowed = portal.page("POST", "operations", json={"operation": "unlock"})
    assert allowed.status_code == 200


def test_a_ticket_the_spine_does_not_stand_by_gives_no_handoff(portal: Any) -> None:
    assert reason(portal.hand_off(spine_ticket="stolen")) == (403, "ticket_not_valid")


def test_without_the_spine_a_handoff_is_put_off(portal: Any) -> None:
    portal.spine.away = True
    answer = portal.hand_off()
    assert reason(answer) == (503, "spine_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert portal.hand_off(spine_ticket=None).status_code == 201


@pytest.mark.parametrize(
    "changed", [{"api": 2}, {"agent_version": "0.0.9"}, {"agent_version": "0"}]
)
def test_an_agent_of_another_interface_or_too_old_is_told(
    portal: Any, changed: dict[str, Any]
) -> None:
    assert reason(portal.hand_off(**changed)) == (409, "agent_old")


@pytest.mark.parametrize(
    "changed",
    [
        {"launch": "AB" * 16},
        {"pairing_secret": "short"},
        {"pairing_secret": "s" * 43 + "\n"},
        {"port": 0},
        {"port": "43485"},
        {"card": "cd"},
        {"spine_ticket": "with space"},
        {"surprise": 1},
    ],
)
def test_a_malformed_handoff_is_refused_by_the_names_of_its_fields_alone(
    portal: Any, changed: dict[str, Any]
) -> None:
    answer = portal.hand_off(**changed)
    assert reason(answer) == (422, "malformed")
    (name, value) = next(iter(changed.items()))
    assert name in answer.json()["detail"]
    assert str(value) not in answer.json()["detail"] or len(str(value)) < 3


def test_a_ticket_is_for_the_card_and_the_launch_and_signed_with_the_published_key(
    portal: Any,
) -> None:
    portal.begin()
    text = portal.page("POST", "operations", json={"operation": "renew"}).json()["ticket"]
    keys = read_jwks(portal.client.get("/.well-known/jwks.json").json())
    ticket = verify(
        text,
        keys,
        portal="https://portal.test",
        launch="ab" * 16,
        card=bytes.fromhex("cd" * 16),
        now=portal.clock(),
    )
    assert ticket.operation is OperationKind.RENEW
    other = portal.page("POST", "operations", json={"operation": "renew"}).json()["ticket"]
    assert other != text


def test_without_a_card_there_is_nothing_to_sign_for(portal: Any) -> None:
    portal.begin(card=None)
    refused = portal.page("POST", "operations", json={"operation": "renew"})
    assert reason(refused) == (409, "no_card")


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_sign_of_life(portal: Any) -> None:
    portal.begin()
    portal.clock.advance(IDLE - timedelta(seconds=1))
    assert portal.page("GET", "session").status_code == 200
    portal.clock.advance(IDLE - timedelta(seconds=1))
    assert portal.page("GET", "session").status_code == 200
    portal.clock.advance(IDLE)
    assert reason(portal.page("GET", "session")) == (401, "no_session")
    refused = portal.page("POST", "operations", json={"operation": "renew"})
    assert reason(refused) == (401, "no_session")


def test_a_session_ends_after_half_a_day_in_any_case(portal: Any) -> None:
    portal.begin()
    for _ in range(int(LONGEST / timedelta(minutes=10)) - 1):
        portal.clock.advance(timedelta(minutes=10))
        assert portal.page("GET", "session").status_code == 200
    portal.clock.advance(timedelta(minutes=10))
    assert reason(portal.page("GET", "session")) == (401, "no_session")


def test_a_session_that_was_closed_is_gone(portal: Any) -> None:
    portal.begin()
    kept = dict(portal.client.cookies)
    assert portal.page("DELETE", "session").status_code == 204
    assert not dict(portal.client.cookies)
    portal.client.cookies.update(kept)
    assert reason(portal.page("GET", "session")) == (401, "no_session")


def test_another_handoff_ends_the_browsers_session_of_before(portal: Any) -> None:
    portal.begin()
    before = dict(portal.client.cookies)
    portal.begin()
    assert dict(portal.client.cookies) != before
    portal.client.cookies.clear()
    portal.client.cookies.update(before)
    assert reason(portal.page("GET", "session")) == (401, "no_session")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"X-Selfrenew": ""},
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "session", {"handoff": "x"}),
        ("GET", "session", None),
        ("DELETE", "session", None),
        ("POST", "operations", {"operation": "renew"}),
    ],
)
def test_nobody_but_the_own_page_is_answered(
    portal: Any, headers: dict[str, str], method: str, path: str, body: Any
) -> None:
    portal.begin()
    answer = portal.page(method, path, headers=headers, json=body)
    assert reason(answer) == (403, "wrong_origin")
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_cannot_make_a_handoff(portal: Any) -> None:
    answer = portal.page("POST", "agent/handoffs", json={})
    assert reason(answer) == (403, "wrong_origin")


def test_a_media_type_is_the_same_in_capitals(portal: Any) -> None:
    code = portal.hand_off().json()["handoff"]
    body, headers = json.dumps({"handoff": code}), {"Content-Type": "Application/JSON"}
    assert portal.page("POST", "session", content=body, headers=headers).status_code == 201


def test_a_body_that_is_no_json_or_too_long_is_refused(portal: Any) -> None:
    text = portal.page("POST", "session", content="x", headers={"Content-Type": "text/plain"})
    assert reason(text) == (415, "not_json")
    body = b'{"handoff": "' + b"x" * 9000 + b'"}'
    long = portal.page(
        "POST", "session", content=body, headers={"Content-Type": "application/json"}
    )
    assert reason(long) == (413, "too_long")


def test_what_waits_is_bounded_and_time_makes_room() -> None:
    clock = SettableClock(DEFAULT_NOW)
    sessions = Sessions(clock)
    visit = Visit("ab" * 16, Secret("s"), 1, None, None)
    for _ in range(10_000):
        sessions.hand_off(visit)
    with pytest.raises(TooManyError):
        sessions.hand_off(visit)
    clock.advance(timedelta(seconds=60))
    sessions.hand_off(visit)


def test_a_clock_that_goes_back_makes_no_old_handoff_good() -> None:
    clock = SettableClock(DEFAULT_NOW + timedelta(days=30))
    sessions = Sessions(clock)
    visit = Visit("ab" * 16, Secret("s"), 1, None, None)
    sessions.hand_off(visit)
    clock.set(DEFAULT_NOW)
    code, end = sessions.hand_off(visit)
    clock.set(end)
    assert sessions.take_up(code) is None


def test_no_secret_is_in_what_is_printed_of_a_visit() -> None:
    assert "hidden" not in repr(Visit("ab", Secret("hidden"), 1, None, None))
