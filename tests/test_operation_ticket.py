# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.operation_ticket import (
    LIFETIME,
    TOLERANCE,
    OperationKind,
    OperationTicket,
    OperationTicketError,
    TicketExpiredError,
    TicketInvalidError,
    UnknownKeyError,
    public_jwk,
    read_jwks,
    thumbprint,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {thumbprint(KEY.public_key()): KEY.public_key()}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PORTAL, LAUNCH, CARD = "https://portal.test", "ab" * 16, bytes(range(16))
TICKET = OperationTicket(PORTAL, LAUNCH, CARD, OperationKind.RENEW, "j1", NOW)


def read(
    text: str, *, now: datetime = NOW, keys: dict[str, Ed25519PublicKey] = KEYS, **other: Any
) -> OperationTicket:
    wanted: dict[str, Any] = {"portal": PORTAL, "launch": LAUNCH, "card": CARD, **other}
    return verify(text, keys, now=now, **wanted)


@pytest.mark.parametrize("operation", list(OperationKind))
def test_what_is_signed_is_read(operation: OperationKind) -> None:
    ticket = replace(TICKET, operation=operation)
    assert read(ticket.sign(KEY)) == ticket


@pytest.mark.parametrize(
    "other",
    [{"portal": "https://other.test"}, {"launch": "cd" * 16}, {"card": bytes(16)}],
    ids=["portal", "launch", "card"],
)
def test_a_ticket_for_another_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(TicketInvalidError):
        read(TICKET.sign(KEY), **other)


def test_a_key_that_is_not_published_is_told_from_a_forgery() -> None:
    with pytest.raises(UnknownKeyError):
        read(TICKET.sign(KEY), keys={})


def test_another_key_under_the_published_name_is_refused() -> None:
    forger = Ed25519PrivateKey.generate()
    with pytest.raises(TicketInvalidError):
        read(TICKET.sign(forger), keys={thumbprint(forger.public_key()): KEY.public_key()})


@pytest.mark.parametrize(
    "late", [LIFETIME + TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)]
)
def test_a_ticket_has_its_time(late: timedelta) -> None:
    with pytest.raises(TicketExpiredError):
        read(TICKET.sign(KEY), now=NOW + late)


def test_clocks_may_differ_a_little() -> None:
    text = TICKET.sign(KEY)
    assert read(text, now=NOW - TOLERANCE) == read(text, now=NOW + LIFETIME + TOLERANCE)


CLAIMS = {
    "iss": PORTAL,
    "aud": LAUNCH,
    "sub": CARD.hex(),
    "op": "renew",
    "jti": "j1",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + LIFETIME).timestamp()),
}
HEADERS = {"typ": "selfrenew-operation+jwt", "kid": thumbprint(KEY.public_key())}


@pytest.mark.parametrize("missing", list(CLAIMS))
def test_each_claim_is_needed(missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(OperationTicketError):
        read(jwt.encode(claims, KEY, "EdDSA", HEADERS))


@pytest.mark.parametrize(
    ("times", "after_seconds"),
    [({"exp": CLAIMS["iat"] + 10}, 41), ({"nbf": CLAIMS["iat"] + 60}, 29)],
    ids=str,
)
def test_a_ticket_has_the_time_that_its_portal_gives_it(
    times: dict[str, Any], after_seconds: int
) -> None:
    with pytest.raises(TicketExpiredError):
        read(
            jwt.encode(CLAIMS | times, KEY, "EdDSA", HEADERS),
            now=NOW + timedelta(seconds=after_seconds),
        )


def test_when_a_ticket_begins_goes_by_the_clock_that_was_handed_in() -> None:
    year = 365 * 24 * 60 * 60
    times = {name: CLAIMS[name] + 100 * year for name in ("iat", "exp")}
    text = jwt.encode(CLAIMS | times | {"nbf": times["iat"]}, KEY, "EdDSA", HEADERS)
    assert read(text, now=NOW + timedelta(seconds=100 * year)).identifier == CLAIMS["jti"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"op": "wipe"},
        {"sub": "xyz"},
        {"iat": "now"},
        {"exp": CLAIMS["iat"] + 10_000},
        {"iat": 1e99},
        {"nbf": 1e99},
        {"nbf": "soon"},
    ],
    ids=str,
)
def test_a_claim_of_the_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OperationTicketError):
        read(jwt.encode(CLAIMS | wrong, KEY, "EdDSA", HEADERS))


def test_another_kind_of_token_by_the_same_key_is_refused() -> None:
    with pytest.raises(TicketInvalidError):
        read(jwt.encode(CLAIMS, KEY, "EdDSA", {**HEADERS, "typ": "JWT"}))


def test_no_other_algorithm_is_taken() -> None:
    for key, algorithm in ((None, "none"), ("s" * 32, "HS256")):
        with pytest.raises(TicketInvalidError):
            read(jwt.encode(CLAIMS, key, algorithm, HEADERS))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(OperationTicketError):
        read(text)


def test_what_a_portal_publishes_is_read_and_the_rest_passed_over() -> None:
    other = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    rsa = jwt.algorithms.ECAlgorithm.to_jwk(
        ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True
    )
    document = {"keys": [other, rsa, 7, public_jwk(KEY.public_key())]}
    assert list(read_jwks(document)) == list(KEYS)


def test_no_set_of_keys_is_refused() -> None:
    with pytest.raises(TicketInvalidError):
        read_jwks({"keys": "none"})


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = next(iter(read_jwks({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]})))
    assert key == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
