# SPDX-License-Identifier: Apache-2.0
"""Services that are away, busy or not trusted: exit code, one line, the card afterwards."""

import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from selfrenew.cli import ExitCode
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_emulator.stage.tls import server_context


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that refuses connections: its port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


SERVICES = ("SELFRENEW_CA_URL", "SELFRENEW_MANAGEMENT_URL", "SELFRENEW_SPINE_URL")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_cannot_be_reached_leaves_the_card_alone(
    run: Any, card: Any, nowhere: str, service: str
) -> None:
    before = card.raw
    ended = run("renew", **{service: f"https://{nowhere}"})
    assert ended.code == ExitCode.UNREACHABLE
    assert nowhere in ended.failure
    assert "try again later" in ended.failure
    assert card.raw == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_whose_tls_is_not_trusted_is_told_nothing(
    run: Any, card: Any, tls_loopback: Any, service: str
) -> None:
    before = card.raw
    ended = run("renew", **{service: tls_loopback.url})
    assert ended.code == ExitCode.NOT_TRUSTED
    assert "certificate is not trusted" in ended.failure
    assert "Nothing was sent" in ended.failure
    assert tls_loopback.seen == []
    assert card.raw == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_that_is_no_tls_is_not_trusted(
    run: Any, card: Any, loopback: Any, service: str
) -> None:
    loopback.blurt = b"SSH-2.0-OpenSSH_9.2\r\n"
    before = card.raw
    ended = run("renew", **{service: loopback.url.replace("http:", "https:")})
    assert ended.code == ExitCode.NOT_TRUSTED
    assert card.raw == before


@pytest.fixture
def trusted(tls_loopback: Any, shared_stage: EmbeddedStage) -> Any:
    """A server of its own making, under the stage's root."""
    context: ssl.SSLContext = server_context(shared_stage.ca)
    tls_loopback.context = context
    return tls_loopback


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [503, 404])
def test_a_service_that_is_busy_or_another_leaves_the_card_alone(
    run: Any, card: Any, trusted: Any, service: str, status: int
) -> None:
    trusted.respond = lambda _: b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status
    before = card.raw
    ended = run("renew", **{service: trusted.url})
    assert ended.code == {503: ExitCode.UNREACHABLE, 404: ExitCode.NOT_TRUSTED}[status]
    assert str(status) in ended.failure
    assert card.raw == before


def test_a_spine_that_is_down_at_the_end_leaves_a_renewed_card(
    run: Any, card: Any, trusted: Any, answered: Callable[..., bytes]
) -> None:
    def respond(request: Any) -> bytes:
        if request.target == "/health":
            return answered(b"{}", 200, "application/json")
        return answered(status=503, Retry_After="7")

    trusted.respond = respond
    ended = run("renew", SELFRENEW_SPINE_URL=trusted.url)
    assert ended.code == ExitCode.UNREACHABLE
    assert "Both certificates are renewed" in ended.failure
    assert "in 7 seconds" in ended.failure
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)
    assert run("renew").code == ExitCode.NOT_DUE


def test_an_unlock_without_mail_says_what_to_do_and_leaves_the_card_alone(
    run: Any, card: Any, shared_stage: EmbeddedStage
) -> None:
    before = card.raw
    shared_stage.mail.refusal = "421 4.3.2 Service shutting down"
    try:
        ended = run("unlock", "--start")
    finally:
        shared_stage.mail.refusal = None
    assert ended.code == ExitCode.UNREACHABLE
    assert "(mail_down). Try again in a few minutes; if it stays so, visit your" in ended.failure
    assert card.raw == before
