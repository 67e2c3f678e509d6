# SPDX-License-Identifier: Apache-2.0
"""An agent without a card: the loopback interface as the page sees it, its answers set by a test.

What a real agent enforces it enforces too: Origin, Host, pairing, and the portal's ticket, verified
and taken once.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from selfrenew.clock import Clock
from selfrenew.operation_ticket import OperationTicketError, read_jwks, verify
from selfrenew_emulator.stage import Endpoint, Servers, bind

RENEWAL = (
    "inspect",
    "preflight",
    "consent",
    "signing_key",
    "signing_certificate",
    "signing_confirmed",
    "authentication_key",
    "authentication_certificate",
    "authentication_confirmed",
    "sign_in",
)
STEPS = {
    "renew": RENEWAL,
    "change-passcode": ("change_passcode",),
    "unlock": ("send_code", "enter_code", "set_passcode"),
}
RENEWED = {
    "message": "Success: certificate renewed for smartcard",
    "renewed": [
        {"slot": "signing", "old_serial": "1A", "new_serial": "2A", "not_after": ""},
        {"slot": "authentication", "old_serial": "1B", "new_serial": "2B", "not_after": ""},
    ],
}


@dataclass
class Feed:
    """Events in order, from any thread to any number of streams."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def add(self, entry: dict[str, Any]) -> None:
        with self._news:
            self.entries.append(entry)
            self._news.notify_all()

    def close(self) -> None:
        with self._news:
            self.closed = True
            self._news.notify_all()

    def after(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        return list(enumerate(self.entries[number:], number + 1))


class FakeAgent:
    """Starts at a free port; `refusals` are answered once each, in order, by path."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        with bind() as listener:
            self.port = listener.getsockname()[1]
        self.origin = ""
        self._servers: Servers | None = None
        self.version, self.api = "0.1.0", 1
        self.ticket: str | None = None
        self.name = "Alice Archer"
        self.card = bytes(range(16))
        self.refusals: dict[str, list[tuple[int, str, str]]] = {}
        self.started: list[dict[str, str]] = []
        self.codes: list[dict[str, str]] = []
        self.check_results: list[dict[str, Any]] = []
        self._http: httpx.Client | None = None
        self._reset()
        self.due(30)

    def _reset(self) -> None:
        self.launch = secrets.token_hex(16)
        self.pairing_secret = secrets.token_urlsafe(32)
        self.used: set[str] = set()
        self.operation: dict[str, Any] | None = None
        self.feed = Feed()
        self.states = Feed()
        self.set_state("signed_in")

    # What a test sets.

    def due(self, days: int, state: str = "due") -> None:
        ends = self._clock() + timedelta(days=days, hours=3)
        self.view: dict[str, Any] = {
            "guid": self.card.hex(),
            "slots": [],
            "window": {
                "state": state,
                "due_from": (ends - timedelta(days=90)).isoformat(),
                "not_after": ends.isoformat(),
                "days_left": max(0, days),
            },
            "tries_left": 3,
            "locked": False,
            "unlockable": True,
            "renewal_refused": None,
        }

    def set_state(self, state: str, serial: str = "1B", *, spine: bool = True) -> None:
        self.state = state
        login = {"serial": serial, "name": self.name, "role": "Clinician", "spine": spine}
        self.states.add({"state": state, "signed_in": login if state == "signed_in" else None})

    def refuse(self, path: str, status: int, reason: str, message: str = "") -> None:
        self.refusals.setdefault(path, []).append((status, reason, message))

    def tell(
        self,
        active: str | None = None,
        seconds_left: int | None = 90,
        state: str = "running",
        message: str = "",
        result: dict[str, Any] | None = None,
    ) -> None:
        """Go on with the operation: `active` is the step at work."""
        assert self.operation is not None
        steps = self.operation["names"]
        at = len(steps) if active is None and state == "succeeded" else 0
        at = steps.index(active) if active is not None else at
        self.operation["snapshot"] = {
            "operation": self.operation["id"],
            "kind": self.operation["kind"],
            "state": state,
            "steps": [
                {
                    "step": name,
                    "state": "done" if number < at else "active" if number == at else "waiting",
                }
                for number, name in enumerate(steps)
            ],
            "seconds_left": seconds_left,
            "message": message,
            "result": result,
        }
        self.feed.add(self.operation["snapshot"])

    def succeed(self) -> None:
        assert self.operation is not None
        ends = (self._clock() + timedelta(days=730)).isoformat()
        result: dict[str, Any] = {"message": "done"}
        if self.operation["kind"] == "renew":
            renewed = [{**slot, "not_after": ends} for slot in RENEWED["renewed"]]  # type: ignore[dict-item]
            result = {**RENEWED, "renewed": renewed}
        self.tell(state="succeeded", seconds_left=0, result=result)

    def fail(self, reason: str, message: str, card: str, remedy: str) -> None:
        result = {"reason": reason, "message": message, "card": card, "remedy": remedy}
        self.tell(self.operation["names"][0], 0, "failed", message, result)  # type: ignore[index]

    def begin(self, kind: str) -> str:
        """Begin an operation, as a page or another tab would."""
        self.feed = Feed()
        self.operation = {"id": secrets.token_hex(8), "kind": kind, "names": STEPS[kind]}
        self.tell(STEPS[kind][0], 180 if kind == "renew" else 4)
        return str(self.operation["id"])

    # Running it.

    def start(self, origin: str, http: httpx.Client) -> None:
        self.origin, self._http = origin, http
        self._servers = Servers([Endpoint(self._application(), bind(self.port))])
        self._servers.start()

    def stop(self) -> None:
        self.feed.close()
        self.states.close()
        if self._servers is not None:
            self._servers.stop()
            self._servers = None

    def restart(self, *, anew: bool = False) -> None:
        """Start again; `anew` as another launch that knows nothing of the first."""
        assert self._http is not None
        if anew:
            self._reset()
        else:
            self.feed.closed = self.states.closed = False
        self.start(self.origin, self._http)

    # The interface.

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/{path:path}", self._answer, methods=["GET", "POST", "OPTIONS"]),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        headers = {
            "Access-Control-Allow-Origin": self.origin,
            "Vary": "Origin",
            "Cache-Control": "no-store",
        }
        if request.headers.get("host") != f"127.0.0.1:{self.port}":
            return _problem(421, "wrong_host")
        if request.headers.get("origin") != self.origin:
            return _problem(403, "wrong_origin")
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Last-Event-ID"
            return Response(status_code=204, headers=headers)
        response = await self._route(request, request.path_params["path"].removeprefix("v1/"))
        response.headers.update(headers)
        return response

    async def _route(self, request: Request, path: str) -> Response:
        waiting = self.refusals.get(path)
        if waiting:
            return _problem(*waiting.pop(0))
        if path == "hello":
            names = ("version", "api", "launch", "state")
            found = {name: getattr(self, name) for name in names}
            return JSONResponse({"product": "selfrenew-agent", **found})
        if path == "handoffs":
            return await asyncio.to_thread(self._hand_off)
        if path == "check":
            return JSONResponse({"checks": self.check_results})
        if request.headers.get("authorization") != f"Pairing {self.pairing_secret}":
            return _problem(401, "not_paired")
        return await self._paired(request, path)

    async def _paired(self, request: Request, path: str) -> Response:
        if path == "card":
            return JSONResponse(self.view)
        if path == "events":
            after = int(request.headers.get("last-event-id", len(self.states.entries) - 1))
            return _stream(self.states, "state", after, lambda _: False)
        if path == "operations":
            return await asyncio.to_thread(self._start, await request.json())
        if self.operation is None:
            return _problem(404, "no_operation")
        if path == "operations/current":
            return JSONResponse(self.operation["snapshot"])
        if path == f"operations/{self.operation['id']}/code":
            self.codes.append(await request.json())
            return JSONResponse({"operation": self.operation["id"]}, 202)
        after = int(request.headers.get("last-event-id", "0"))
        return _stream(
            self.feed, "progress", after, lambda each: each["state"] in {"succeeded", "failed"}
        )

    def _hand_off(self) -> Response:
        if self.state in {"no_card", "no_reader", "foreign_card"}:
            return _problem(409, self.state)
        assert self._http is not None
        signed_in = self.state in {"signed_in", "busy"}
        answer = self._http.post(
            f"{self.origin}/urswebapp/agent/handoffs",
            json={
                "launch": self.launch,
                "pairing_secret": self.pairing_secret,
                "agent_version": self.version,
                "api": self.api,
                "port": self.port,
                "spine_ticket": self.ticket if signed_in else None,
                "card": self.card.hex(),
            },
        )
        if answer.status_code != 201:
            return _problem(502, "portal_refused")
        return JSONResponse({"handoff": answer.json()["handoff"]}, 201)

    def _start(self, body: dict[str, str]) -> Response:
        if self.operation is not None and self.operation["snapshot"]["state"] == "running":
            return _problem(409, "busy")
        assert self._http is not None
        keys = read_jwks(self._http.get(f"{self.origin}/.well-known/jwks.json").json())
        now: datetime = self._clock()
        try:
            ticket = verify(
                body["ticket"],
                keys,
                portal=self.origin,
                launch=self.launch,
                card=self.card,
                now=now,
            )
        except OperationTicketError:
            return _problem(403, "ticket_invalid")
        if ticket.identifier in self.used:
            return _problem(403, "ticket_used")
        if ticket.card != self.card:
            return _problem(403, "wrong_card")
        new = body.get("new_passcode")
        if new is not None and not (new.isdigit() and 6 <= len(new) <= 8):
            return _problem(422, "passcode_form", "A new passcode has 6 to 8 digits.")
        self.used.add(ticket.identifier)
        self.started.append(body)
        return JSONResponse({"operation": self.begin(ticket.operation.value)}, 202)


def _problem(status: int, reason: str, message: str = "") -> Response:
    body = {"reason": reason, "title": "Refused", "detail": "", "message": message}
    return JSONResponse(body, status, media_type="application/problem+json")


def _stream(feed: Feed, name: str, after: int, ends: Any) -> Response:
    async def parts() -> AsyncIterator[str]:
        seen = after
        yield ": connected\n\n"
        while not feed.closed:
            for number, entry in feed.after(seen):
                seen = number
                yield f"event: {name}\nid: {number}\ndata: {json.dumps(entry)}\n\n"
                if ends(entry):
                    return
            await asyncio.sleep(0.02)

    return StreamingResponse(parts(), media_type="text/event-stream")
