# SPDX-License-Identifier: Apache-2.0
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew.http import open_http
from selfrenew.services import (
    ServiceBusyError,
    ServiceError,
    ServiceNotTrustedError,
    ServiceRefusedError,
    ServiceUnreachableError,
    UnexpectedServiceAnswerError,
)
from selfrenew.services.api import JsonApi, text_field, token_field

Answered = Callable[..., bytes]
WHAT = "Doing something"
JSON = "application/json"


@pytest.fixture
def api(tls_loopback: Any, http: httpx.Client) -> JsonApi:
    return JsonApi("the service", tls_loopback.url + "/base/", http)


def test_a_call_is_json_with_its_token_and_so_is_the_answer(
    api: JsonApi, tls_loopback: Any, answered: Answered, caplog: pytest.LogCaptureFixture
) -> None:
    tls_loopback.respond = lambda _: answered(b'{"a": [1]}', 201, JSON)
    with caplog.at_level(logging.DEBUG):
        assert api.call(WHAT, "PUT", "/x", {"secret-body": "b"}, token="t0ken") == {"a": [1]}
    (seen,) = tls_loopback.seen
    assert (seen.method, seen.target) == ("PUT", "/base/x")
    assert json.loads(seen.body) == {"secret-body": "b"}
    assert seen.headers["authorization"] == "Bearer t0ken"
    assert "t0ken" not in caplog.text
    assert "secret-body" not in caplog.text


def test_no_content_is_an_empty_object(api: JsonApi, tls_loopback: Any, answered: Answered) -> None:
    tls_loopback.respond = lambda _: answered(status=204)
    assert api.call(WHAT, "DELETE", "/x") == {}


def test_a_refusal_has_its_reason_on_one_printable_line(
    api: JsonApi, tls_loopback: Any, answered: Answered
) -> None:
    problem = {"reason": "superseded", "detail": "the certificate\n\x1b[2J was replaced"}
    tls_loopback.respond = lambda _: answered(
        json.dumps(problem).encode(), 403, "application/problem+json"
    )
    with pytest.raises(ServiceRefusedError) as caught:
        api.call(WHAT, "POST", "/x")
    assert str(caught.value) == (
        "Doing something was refused: the certificate [2J was replaced (superseded)."
    )
    assert caught.value.reason == "superseded"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'"text"'),
        (200, b"null"),
        (200, b'{"a":'),
        (200, b"[" * 500_000),
        (200, b'{"a":' * 100_000),
        (200, b'{"a": ' + b"9" * 5000 + b"}"),
        (200, b"\xff\xfe\x00"),
        (404, b"Not Found"),
        (401, b""),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_json_object_is_unexpected(
    api: JsonApi, tls_loopback: Any, answered: Answered, status: int, body: bytes
) -> None:
    tls_loopback.respond = lambda _: answered(body, status, JSON)
    with pytest.raises(UnexpectedServiceAnswerError, match=f"answered {status} without a JSON"):
        api.call(WHAT, "GET", "/x")


def test_a_redirection_is_not_taken_for_an_answer(
    api: JsonApi, tls_loopback: Any, answered: Answered
) -> None:
    tls_loopback.respond = lambda _: answered(b"{}", 302, JSON, location="/elsewhere")
    with pytest.raises(UnexpectedServiceAnswerError, match="redirection"):
        api.call(WHAT, "GET", "/x")


def test_a_service_that_fails_is_busy(api: JsonApi, tls_loopback: Any, answered: Answered) -> None:
    tls_loopback.respond = lambda _: answered(b"{}", 500, JSON)
    with pytest.raises(ServiceBusyError, match=r"answered 500\. Try again later"):
        api.probe()
    tls_loopback.respond = lambda _: answered(status=503, retry_after="7")
    with pytest.raises(ServiceBusyError, match="Try again in 7 seconds") as caught:
        api.probe()
    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_says_why_it_is_busy_is_quoted(
    api: JsonApi, tls_loopback: Any, answered: Answered, status: int
) -> None:
    problem = {"reason": "too_many", "detail": "too many unlocks\nat once"}
    tls_loopback.respond = lambda _: answered(
        json.dumps(problem).encode(), status, "application/problem+json", retry_after="60"
    )
    with pytest.raises(ServiceBusyError) as caught:
        api.call(WHAT, "POST", "/x")
    assert str(caught.value) == (
        "Doing something failed: too many unlocks at once (too_many). Try again in 60 seconds."
    )
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("too_many", 60)


def test_a_busy_services_problem_that_cannot_be_read_is_busy_all_the_same(
    api: JsonApi, tls_loopback: Any, answered: Answered
) -> None:
    tls_loopback.respond = lambda _: answered(b"<html>", 503, "application/problem+json")
    with pytest.raises(ServiceBusyError, match=r"no detail \(503\)\. Try again later"):
        api.call(WHAT, "POST", "/x")


def test_a_service_that_is_not_there_is_unreachable(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServiceUnreachableError, match=f"127.0.0.1:{port}"):
        JsonApi("the service", f"https://127.0.0.1:{port}", http).probe()


def test_a_service_that_is_not_trusted_is_told_nothing(tls_loopback: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with open_http(other) as http, pytest.raises(ServiceNotTrustedError, match="Nothing was sent"):
        JsonApi("the service", tls_loopback.url, http).call(WHAT, "POST", "/x", {"secret": "s"})
    assert tls_loopback.seen == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from([200, 201, 204, 400, 403, 404, 422, 500]),
    body=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["reason", "detail", "x"]), inner, max_size=3)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_answer_is_an_object_or_a_named_error(
    api: JsonApi, tls_loopback: Any, answered: Answered, status: int, body: bytes
) -> None:
    tls_loopback.respond = lambda _: answered(body, status, JSON)
    try:
        said = str(list(api.call(WHAT, "POST", "/x").items()))
    except ServiceError as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize("value", [None, 1, [], {}, True, "two\nlines", "\ud800", "\x1b[2J"])
def test_a_field_that_is_no_printable_text_is_unexpected(value: object) -> None:
    with pytest.raises(UnexpectedServiceAnswerError, match="without a readable 'name'"):
        text_field({"name": value}, "name", "the service")


@pytest.mark.parametrize("value", ["", "two words", "é", "line\r\nX-Header: y"])
def test_a_token_that_could_not_stand_in_a_header_is_unexpected(value: str) -> None:
    with pytest.raises(UnexpectedServiceAnswerError) as caught:
        token_field({"ticket": value}, "ticket", "the service")
    assert not value or value not in str(caught.value)
