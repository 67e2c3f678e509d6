# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret
from selfrenew.services import (
    CardManagementClient,
    ManagementSession,
    UnexpectedServiceAnswerError,
)

Answered = Callable[..., bytes]
GUID = bytes(range(16))


@pytest.fixture
def management(
    tls_loopback: Any, http: httpx.Client, answered: Answered
) -> Callable[[object], CardManagementClient]:
    """A client of a card management that answers every call with one object."""

    def make(answer: object) -> CardManagementClient:
        body = json.dumps(answer).encode()
        tls_loopback.respond = lambda _: answered(body, 200, "application/json")
        return CardManagementClient(tls_loopback.url, http)

    return make


def test_a_challenge_of_the_card_is_answered_under_the_session(
    management: Callable[[object], CardManagementClient], tls_loopback: Any
) -> None:
    session = ManagementSession(GUID, Algorithm.AES192, "s-1")
    assert management({"response": "0a0b"}).answer_challenge(session, b"\x01\x02") == b"\x0a\x0b"
    (seen,) = tls_loopback.seen
    assert seen.target == f"/cards/{GUID.hex()}/management-authentication"
    assert json.loads(seen.body) == {"challenge": "0102"}
    assert seen.headers["authorization"] == "Bearer s-1"
    assert "s-1" not in repr(session)


@pytest.mark.parametrize("response", [None, 7, "no hex", "0a0"])
def test_an_answer_that_is_no_bytes_is_unexpected(
    management: Callable[[object], CardManagementClient], response: object
) -> None:
    session = ManagementSession(GUID, Algorithm.AES192, "s-1")
    with pytest.raises(UnexpectedServiceAnswerError, match="card management answered"):
        management({"response": response}).answer_challenge(session, b"\x01")


def test_the_unlocking_keys_are_never_printed(
    management: Callable[[object], CardManagementClient], tls_loopback: Any
) -> None:
    client = management({"candidates": ["12345678", "87654321"], "next": "24681357"})
    keys = client.unlock_keys("u-1", Secret("auth"))
    assert [key.reveal() for key in (*keys.candidates, keys.next)] == [
        b"12345678",
        b"87654321",
        b"24681357",
    ]
    assert not any(digits in repr(keys) for digits in ("12345678", "87654321", "24681357"))
    assert tls_loopback.seen[0].headers["authorization"] == "Bearer auth"


@pytest.mark.parametrize(
    "answer",
    [
        {"next": "24681357"},
        {"candidates": "12345678", "next": "24681357"},
        {"candidates": [12345678], "next": "24681357"},
        {"candidates": ["12345678"]},
        {"candidates": ["12345678"], "next": 24681357},
        {"candidates": [], "next": "24681357"},
        {"candidates": ["1234567"], "next": "24681357"},
        {"candidates": ["12345678"], "next": "2468135790"},
        {"candidates": ["12345678"], "next": "2468135\u00e9"},
    ],
)
def test_unlocking_keys_of_another_form_are_unexpected_and_not_shown(
    management: Callable[[object], CardManagementClient], answer: dict[str, object]
) -> None:
    with pytest.raises(UnexpectedServiceAnswerError) as caught:
        management(answer).unlock_keys("u-1", Secret("auth"))
    assert "1234567" not in str(caught.value)
    assert "2468135" not in str(caught.value)


def test_an_authorisation_that_is_no_token_is_unexpected(
    management: Callable[[object], CardManagementClient],
) -> None:
    with pytest.raises(UnexpectedServiceAnswerError, match="'authorisation'"):
        management({"authorisation": "x\r\ny"}).confirm_code("u-1", Secret("123456"))


def test_the_code_from_the_mail_goes_in_the_body(
    management: Callable[[object], CardManagementClient], tls_loopback: Any
) -> None:
    authorisation = management({"authorisation": "a-1"}).confirm_code("u-1", Secret("123456"))
    assert authorisation.reveal() == b"a-1"
    (seen,) = tls_loopback.seen
    assert seen.target == "/unlocks/u-1/code"
    assert json.loads(seen.body) == {"code": "123456"}
