# SPDX-License-Identifier: Apache-2.0
"""What a request may carry, how much may be asked, and any request at all."""

import contextlib
import string
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew.agent.state import CardState
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents

from .world import (
    HELLO,
    Agent,
    PortalServer,
    assert_is_problem,
    raw,
    request,
    running_agent,
)


@pytest.mark.parametrize("path", ["/v1/operations", "/v1/handoffs"])
@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/jsonp", "text/json"],
)  # fmt: skip
def test_what_a_page_may_send_without_being_asked_first_is_refused(
    agent: Agent, path: str, content_type: str | None
) -> None:
    answer = agent.page(content_type=content_type).post(path, content=b"{}")
    assert_is_problem(answer, 415, "not_json")
    assert agent.portal.received == []


def test_a_body_that_is_too_long_is_refused_and_not_read(agent: Agent) -> None:
    page = agent.page(content_type="application/json")
    announced = page.post("/v1/operations", content=b" " * 8193)
    assert_is_problem(announced, 413, "too_large")
    unannounced = page.post("/v1/operations", content=(b" " * 1000 for _ in range(9)))
    assert_is_problem(unannounced, 413, "too_large")
    host, origin = f"Host: 127.0.0.1:{agent.server.port}", f"Origin: {agent.portal.origin}"
    lines = (host, origin, "Content-Type: application/json", "Content-Length: 99999999999")
    assert b"too_large" in request(agent, *lines, path="/v1/operations", method="POST")


def test_a_body_where_none_belongs_is_refused(agent: Agent) -> None:
    for path in (HELLO, "/v1/card"):
        answer = agent.page().request("GET", path, content=b"{}")
        assert_is_problem(answer, 400, "unexpected_body")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"{", b'{"ticket": 7}', b'{"ticket": null}', b"\xff",
     b'{"ticket": "a", "ticket": "b"}', b'{"ticket": "x", "more": "y"}', b"[" * 8000,
     b'{"ticket": {"a": "b"}}', b"NaN"],
)  # fmt: skip
def test_a_body_of_no_form_is_refused_without_being_repeated(agent: Agent, body: bytes) -> None:
    page = agent.page(content_type="application/json")
    assert_is_problem(page.post("/v1/operations", content=body), 422, "wrong_form")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/hello/", 404, "not_found"),
        ("GET", "/v1//card", 404, "not_found"),
        ("DELETE", "/v1/hello", 405, "method_not_allowed"),
        ("PUT", "/v1/operations", 405, "method_not_allowed"),
        ("GET", "/v1/operations", 405, "method_not_allowed"),
        ("GET", "/v1/operations/current", 404, "no_operation"),
        ("GET", "/v1/operations/nobody/events", 404, "no_operation"),
    ],
)
def test_what_is_not_there_is_told(
    agent: Agent, method: str, path: str, status: int, reason: str
) -> None:
    assert_is_problem(agent.page().request(method, path), status, reason)


def test_who_asks_too_much_is_told_when_to_come_back(
    stage: EmbeddedStage, portal: PortalServer, card: object
) -> None:
    with running_agent(stage, portal, unlimited=False) as agent:
        page = agent.page()
        answers = [page.get(HELLO) for _ in range(61)]
        assert {answer.status_code for answer in answers[:60]} == {200}
        assert_is_problem(answers[60], 429, "too_many_requests")
        assert answers[60].headers["retry-after"] == "1"


def test_pages_of_other_origins_use_up_nothing_of_the_portals(
    stage: EmbeddedStage, portal: PortalServer, card: object
) -> None:
    with running_agent(stage, portal, unlimited=False) as agent:
        stranger = agent.page(origin="https://evil.example")
        answers = [stranger.get(HELLO) for _ in range(30)]
        assert answers[-1].status_code == 429
        assert agent.page().get(HELLO).status_code == 200


@pytest.mark.parametrize(("path", "allowed"), [("/v1/handoffs", 10), ("/v1/check", 5)])
def test_what_reaches_further_is_limited_more(
    stage: EmbeddedStage, portal: PortalServer, card: object, path: str, allowed: int
) -> None:
    with running_agent(stage, portal, unlimited=False) as agent:
        page = agent.page()
        method = "POST" if path == "/v1/handoffs" else "GET"
        body = {"json": {}} if method == "POST" else {}
        answers = [page.request(method, path, **body) for _ in range(allowed + 1)]
        assert all(answer.is_success for answer in answers[:-1])
        assert_is_problem(answers[-1], 429, "too_many_requests")


def test_guesses_at_the_pairing_secret_are_limited(
    stage: EmbeddedStage, portal: PortalServer, card: object
) -> None:
    with running_agent(stage, portal, unlimited=False) as agent:
        page = agent.page(authorization="Pairing guess")
        codes = [page.get("/v1/card").status_code for _ in range(11)]
        assert codes == [401] * 10 + [429]
        assert agent.page().get("/v1/card").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /v1/hello HTTP/1.1\r\nHost: x",
        b"POST /v1/operations HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
        b"GET /v1/hello HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/he",
    ],
    ids=["silent", "half a head", "half a body", "half a second head"],
)
def test_a_client_that_is_too_slow_is_cut(
    stage: EmbeddedStage, portal: PortalServer, card: object, sent: bytes
) -> None:
    with (
        running_agent(stage, portal, request_seconds=0.2) as agent,
        contextlib.suppress(ConnectionResetError),
    ):
        # It returns when the server has closed the connection, and times out otherwise.
        raw(agent, sent)


def test_an_event_stream_is_not_cut_for_being_long(
    stage: EmbeddedStage, portal: PortalServer, card: object
) -> None:
    with running_agent(stage, portal, request_seconds=1.0) as agent:
        cut = threading.Event()

        def wait() -> None:
            with contextlib.suppress(ConnectionResetError):
                raw(agent, b"")
            cut.set()

        with agent.page().stream("GET", "/v1/events") as answer:
            lines = answer.iter_lines()
            waiting = threading.Thread(target=wait)
            waiting.start()
            assert cut.wait(30)
            waiting.join(30)
            agent.state.change(CardState.NO_CARD)
            assert any("no_card" in line for line in lines_until(lines, "no_card"))


def lines_until(lines: Iterator[str], word: str) -> Iterator[str]:
    for line in lines:
        yield line
        if word in line:
            return


TEXT = st.text(string.printable, max_size=60)


HEADERS = st.dictionaries(
    st.sampled_from(
        ["authorization", "content-type", "last-event-id", "accept-language", "cookie", "range",
         "x-forwarded-host", "expect", "te", "upgrade", "accept-encoding"]
    ),
    st.text(string.ascii_letters + string.digits + " ;,=/*-", max_size=40).map(str.strip),
    max_size=4,
)  # fmt: skip


PATHS = st.one_of(
    st.sampled_from([HELLO, "/v1/card", "/v1/operations", "/v1/handoffs", "/v1/operations/x/code"]),
    st.text(string.ascii_letters + string.digits + "/%.-_~?&=", max_size=40).map("/v1/{}".format),
)


@pytest.mark.parametrize("paired", [False, True])
def test_any_request_is_answered_and_tells_no_secret(
    agent: Agent, stage: EmbeddedStage, *, paired: bool
) -> None:
    secret = agent.launch.pairing_secret.reveal().decode()
    page = agent.page(**({} if paired else {"authorization": None}))
    before = read_contents(stage.reader)

    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]),
        PATHS,
        HEADERS,
        st.one_of(st.binary(max_size=200), TEXT.map(str.encode), st.just(b"{}")),
    )
    def check(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        if path.startswith("/v1/events") or path.endswith("/check"):
            return
        answer = page.request(method, path, headers=headers, content=body)
        assert answer.status_code < 500 or answer.json()["reason"] != "fault", answer.text
        said = f"{answer.headers}{answer.text}"
        assert "Traceback" not in said
        assert secret not in said
        if answer.is_error and method != "HEAD":
            assert answer.json()["reason"]

    check()
    assert read_contents(stage.reader) == before


def test_any_bytes_get_no_answer_but_a_refusal(agent: Agent) -> None:
    @settings(max_examples=100, deadline=None, database=None)
    @given(st.one_of(st.binary(max_size=300), TEXT.map(str.encode)))
    def check(sent: bytes) -> None:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            answer = raw(agent, sent, half_closed=True)
            assert b"Traceback" not in answer
            assert b"200 OK" not in answer

    check()
    assert agent.page().get(HELLO).status_code == 200
