# SPDX-License-Identifier: Apache-2.0
"""An agent on a stage, a portal that signs its tickets, and a page that speaks to the agent."""

import itertools
import json
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from selfrenew.agent.card_view import read_guid
from selfrenew.agent.launch import Launch, new_launch
from selfrenew.agent.loopback import LoopbackParts, LoopbackServer, loopback_application
from selfrenew.agent.loopback.guard import Language
from selfrenew.agent.operations import Operations
from selfrenew.agent.portal_client import PortalClient
from selfrenew.agent.state import AgentState, CardState
from selfrenew.agent.worker import CardWorker
from selfrenew.clock import Clock
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.operation_ticket import OperationKind, OperationTicket, public_jwk
from selfrenew.transport import Reader
from selfrenew_emulator.stage import EmbeddedStage, Endpoint, Servers, bind
from selfrenew_emulator.stage.tls import server_context

HELLO = "/v1/hello"
PASSCODE, NEW_PASSCODE = "123456", "24681357"


class PortalServer:
    """What of a portal the agent speaks to, over TLS of the stage's CA."""

    def __init__(self, stage: EmbeddedStage) -> None:
        self.keys = [Ed25519PrivateKey.generate()]
        self.received: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.respond: Callable[[], Response] | None = None
        self._clock: Clock = stage.clock
        routes = [
            Route("/health", self._health),
            Route("/.well-known/jwks.json", self._jwks),
            Route("/urswebapp/agent/handoffs", self._handoffs, methods=["POST"]),
        ]
        context = server_context(stage.ca)
        endpoint = Endpoint(Starlette(routes=routes), bind(), context)
        self.servers = Servers([endpoint])
        self.origin = endpoint.url
        self.url = f"{self.origin}/urswebapp/?operation=selfRenewSmartcard"

    def restart(self) -> None:
        """Come back with another key, as a portal does that keeps none."""
        self.keys = [Ed25519PrivateKey.generate()]

    def ticket(
        self,
        launch: str,
        card: bytes,
        operation: OperationKind = OperationKind.RENEW,
        *,
        portal: str | None = None,
        issued_at: datetime | None = None,
        identifier: str | None = None,
        key: Ed25519PrivateKey | None = None,
    ) -> str:
        return OperationTicket(
            portal or self.origin,
            launch,
            card,
            operation,
            identifier or secrets.token_hex(8),
            issued_at or self._clock(),
        ).sign(key or self.keys[0])

    async def _health(self, request: Request) -> Response:
        return self._answer(request, {"status": "ok"})

    async def _jwks(self, request: Request) -> Response:
        return self._answer(request, {"keys": [public_jwk(key.public_key()) for key in self.keys]})

    async def _handoffs(self, request: Request) -> Response:
        self.received.append(json.loads(await request.body()))
        return self._answer(request, {"handoff": "c0de", "expires_at": "soon"}, 201)

    def _answer(self, request: Request, body: dict[str, Any], status: int = 200) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse(body, status) if self.respond is None else self.respond()


@dataclass
class Agent:
    """An agent that runs, and how a page reaches it."""

    stage: EmbeddedStage
    portal: PortalServer
    reference: Reference
    launch: Launch
    worker: CardWorker
    state: AgentState
    operations: Operations
    server: LoopbackServer
    clients: ExitStack = field(default_factory=ExitStack)
    refusal: str | None = None

    @property
    def pairing(self) -> str:
        return f"Pairing {self.launch.pairing_secret.reveal().decode()}"

    @property
    def guid(self) -> bytes:
        return self.worker.submit("guid", read_guid).result(60)

    def page(self, **headers: str | None) -> httpx.Client:
        """A page of the portal that is paired; headers replace its own, None leaves one out."""
        own: dict[str, str | None] = {
            "origin": self.portal.origin,
            "authorization": self.pairing,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in own.items() if value is not None}
        # No TLS: loading the authorities that are trusted by itself would take most of the time.
        line = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        client = httpx.Client(
            base_url=self.server.url, headers=sent, timeout=30, trust_env=False, transport=line
        )
        return self.clients.enter_context(client)

    def ticket(self, operation: str = "renew", **other: Any) -> str:
        card = other.pop("card", None) or self.guid
        launch = other.pop("launch", self.launch.identifier)
        return self.portal.ticket(launch, card, OperationKind(operation), **other)

    def start(self, operation: str = "renew", **fields: str) -> str:
        """Start an operation as a page does. Return its name."""
        given = {"ticket": self.ticket(operation), **fields}
        answer = self.page().post("/v1/operations", json=given)
        assert answer.status_code == 202, answer.text
        name: str = answer.json()["operation"]
        return name

    def follow(self, operation: str, last: int | None = None) -> list[dict[str, Any]]:
        """Read an operation's events to their end."""
        headers = {} if last is None else {"last-event-id": str(last)}
        with self.page().stream(
            "GET", f"/v1/operations/{operation}/events", headers=headers
        ) as answer:
            assert answer.status_code == 200
            return list(events_of(answer))

    def outcome(self, operation: str) -> dict[str, Any]:
        """Wait for the end of an operation. Return its last snapshot."""
        snapshot: dict[str, Any] = self.follow(operation)[-1]["data"]
        return snapshot


def events_of(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """Parse an event stream as a browser does (HTML Living Standard, 9.2.6)."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line:
            if "data" in fields:
                yield {
                    "event": fields["event"],
                    "id": int(fields["id"]),
                    "data": json.loads(fields["data"]),
                }
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


@contextmanager
def running_agent(
    stage: EmbeddedStage,
    portal: PortalServer,
    *,
    reader: Reader | None = None,
    request_seconds: float = 10.0,
    unlimited: bool = True,
    language: Language = lambda _: nullcontext(),
) -> Iterator[Agent]:
    """Run an agent as a program would wire it.

    Its time for rates moves on with each look where it is `unlimited`, and stands still otherwise.
    """
    minutes = itertools.count()
    with ExitStack() as stack:
        environ = {"SELFRENEW_PORTAL_URL": portal.url}
        configuration = load_configuration(stage.config_file, environ)
        reference = stack.enter_context(
            assemble(configuration, reader=reader or stage.reader, clock=stage.clock)
        )
        worker = stack.enter_context(CardWorker(reference.reader))
        state, launch = AgentState(), new_launch()
        state.change(CardState.CARD)
        operations = Operations(worker, reference.services, state, stage.clock)
        agent: Agent
        parts = LoopbackParts(
            launch,
            worker,
            state,
            operations,
            PortalClient(configuration.portal.url, reference.http),
            reference.services,
            stage.clock,
            refusal=lambda: agent.refusal,
            measure=lambda: 60.0 * next(minutes) if unlimited else 0.0,
            language=language,
        )
        server = LoopbackServer(
            0,
            lambda port, closing: loopback_application(parts, port, closing),
            request_seconds=request_seconds,
        )
        agent = Agent(stage, portal, reference, launch, worker, state, operations, server, stack)
        stack.enter_context(server)
        yield agent


def assert_is_problem(answer: httpx.Response, status: int, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"reason", "title", "status", "detail", "message"}
    assert answer.json()["message"]


def raw(agent: Agent, sent: bytes, *, half_closed: bool = False) -> bytes:
    """Send bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", agent.server.port), timeout=30) as connection:
        connection.sendall(sent)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def request(agent: Agent, *lines: str, path: str = HELLO, method: str = "GET") -> bytes:
    head = [f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]
    return raw(agent, "\r\n".join(head).encode("latin-1"))


def begin(agent: Agent, ticket: str, **fields: str) -> httpx.Response:
    given = {"ticket": ticket, "passcode": PASSCODE, **fields}
    return agent.page().post("/v1/operations", json=given)
