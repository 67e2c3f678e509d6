# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.services import (
    Role,
    SpineClient,
    SpineLogin,
    TicketStatus,
    UnexpectedServiceAnswerError,
)

Answered = Callable[..., bytes]
ROLE = {"id": "r1", "name": "Clerk", "organisation": "Trust"}
SESSION = {
    "ticket": "t-1",
    "user_id": "555000000001",
    "name": "Alice Archer",
    "roles": [ROLE],
    "certificate_serial": "ff",
    "logout_url": "/session",
}


class SoftKey(PrivateKeySigner):
    certificate = None


KEY = SoftKey(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    name = x509.Name([])
    return (
        x509.CertificateBuilder(name, name, KEY.private_key.public_key(), 1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(KEY.private_key, hashes.SHA256())
    )


@pytest.fixture
def spine(tls_loopback: Any, http: httpx.Client, answered: Answered) -> Callable[..., SpineClient]:
    """A client of a Spine that answers a session with these changes."""

    def make(**changes: object) -> SpineClient:
        session = {**SESSION, **changes}

        def respond(request: Any) -> bytes:
            if request.target == "/challenges":
                return answered(b'{"challenge": "c", "audience": "a"}', 201, "application/json")
            return answered(json.dumps(session).encode(), 201, "application/json")

        tls_loopback.respond = respond
        return SpineClient(tls_loopback.url, http)

    return make


def test_a_sign_in_gives_a_ticket_and_hides_it(
    spine: Callable[..., SpineClient], certificate: x509.Certificate
) -> None:
    login = spine().sign_in(KEY, certificate)
    assert login == SpineLogin(
        "t-1", "555000000001", "Alice Archer", (Role("r1", "Clerk", "Trust"),), 255, "/session"
    )
    assert "t-1" not in repr(login)


@pytest.mark.parametrize(
    "changes",
    [
        {"ticket": None},
        {"ticket": "a b"},
        {"ticket": "x\r\ny"},
        {"name": "\x1b]0;owned\x07"},
        {"roles": 5},
        {"roles": True},
        {"roles": {"id": "x"}},
        {"roles": None},
        {"roles": ["clerk"]},
        {"roles": [{"id": "r1", "name": "Clerk"}]},
        {"roles": [{**ROLE, "name": 7}]},
        {"certificate_serial": 255},
        {"certificate_serial": "none"},
        {"logout_url": "@evil.example/"},
        {"logout_url": "https://evil.example/"},
        {"logout_url": ""},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_session_of_another_form_is_unexpected(
    spine: Callable[..., SpineClient], certificate: x509.Certificate, changes: dict[str, object]
) -> None:
    with pytest.raises(UnexpectedServiceAnswerError, match="the Spine answered"):
        spine(**changes).sign_in(KEY, certificate)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (
            {"valid": True, "certificate_serial": "1f"},
            TicketStatus(valid=True, certificate_serial=31),
        ),
        (
            {"valid": True, "user_id": "u1", "name": "Alice Archer"},
            TicketStatus(valid=True, user_id="u1", name="Alice Archer"),
        ),
        ({"valid": False, "reason": "superseded"}, TicketStatus(False, "superseded")),
        ({"valid": "true"}, TicketStatus(False)),
        ({"valid": 1}, TicketStatus(False)),
        ({}, TicketStatus(False)),
    ],
)
def test_a_ticket_is_valid_only_where_the_spine_says_so(
    tls_loopback: Any,
    http: httpx.Client,
    answered: Answered,
    answer: dict[str, object],
    status: TicketStatus,
) -> None:
    tls_loopback.respond = lambda _: answered(json.dumps(answer).encode(), 200, "application/json")
    assert SpineClient(tls_loopback.url, http).validate("t-1") == status


def test_the_ticket_goes_along_to_choose_a_role_and_to_log_out(
    spine: Callable[..., SpineClient],
    certificate: x509.Certificate,
    tls_loopback: Any,
    answered: Answered,
) -> None:
    client = spine()
    login = client.sign_in(KEY, certificate)
    tls_loopback.respond = lambda _: answered(
        json.dumps({"valid": True, "role": ROLE}).encode(), 200, "application/json"
    )
    assert client.select_role(login, login.roles[0]).role == login.roles[0]
    tls_loopback.respond = lambda _: answered(status=204)
    client.log_out(login)
    chosen, left = tls_loopback.seen[-2:]
    assert (chosen.method, chosen.target, json.loads(chosen.body)) == (
        "PUT",
        "/session/role",
        {"role_id": "r1"},
    )
    assert (left.method, left.target) == ("DELETE", "/session")
    assert chosen.headers["authorization"] == left.headers["authorization"] == "Bearer t-1"
