# SPDX-License-Identifier: Apache-2.0
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from selfrenew.services.api import JsonApi

Answered = Callable[..., bytes]


def test_harmless_fields_are_logged_and_secret_ones_masked(
    tls_loopback: Any, http: httpx.Client, answered: Answered, caplog: pytest.LogCaptureFixture
) -> None:
    answer = {"name": "Alice\x1b[2J", "ticket": "t0p", "unheard-of": "odd", "candidates": ["9999"]}
    tls_loopback.respond = lambda _: answered(json.dumps(answer).encode(), 200, "application/json")
    with caplog.at_level(logging.DEBUG, "selfrenew"):
        JsonApi("it", tls_loopback.url, http).call(
            "Asking", "POST", "/x", {"card": "c4rd", "code": "123987"}, token="t0ken"
        )
    assert [each.getMessage() for each in caplog.records if each.name.endswith(".content")] == [
        "-> card='c4rd', code=***",
        "<- candidates=***, name='Alice\\x1b[2J', ticket=***",
    ]
    for secret in ("t0p", "odd", "9999", "123987", "t0ken"):
        assert secret not in caplog.text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"[" * 100_000])
def test_a_body_that_is_no_object_is_not_logged(
    tls_loopback: Any,
    http: httpx.Client,
    answered: Answered,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
) -> None:
    tls_loopback.respond = lambda _: answered(body, 204)
    with caplog.at_level(logging.DEBUG, "selfrenew"):
        JsonApi("it", tls_loopback.url, http).call("Asking", "DELETE", "/x")
    assert [each.name for each in caplog.records] == ["selfrenew.services"]
