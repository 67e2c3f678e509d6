# SPDX-License-Identifier: Apache-2.0
"""The routes of the loopback interface; docs/agent-api.md describes them for integrators."""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from selfrenew.agent.card_view import read_card, read_guid
from selfrenew.agent.errors import NoSuchOperationError, OperationBusyError
from selfrenew.agent.launch import Launch
from selfrenew.agent.operation import Operation, Snapshot
from selfrenew.agent.operations import Operations, Order
from selfrenew.agent.portal_client import API_VERSION, PortalClient
from selfrenew.agent.setup_check import check_setup
from selfrenew.agent.state import AgentState, Situation
from selfrenew.agent.tickets import TicketOffice
from selfrenew.agent.worker import CardWorker
from selfrenew.clock import Clock
from selfrenew.operation_ticket import OperationKind
from selfrenew.piv.reference_data import check_new_passcode, encode_reference_data
from selfrenew.renewal.workflow import Services
from selfrenew.secret import Secret
from selfrenew.transport.connection import Reader

from .event_stream import last_event, stream
from .forms import read_form, wrong_form
from .guard import Guard, Language
from .problems import EXPECTED, ProblemError, problem_of
from .rate import Bucket

PRODUCT = "selfrenew-agent"
_VERSION = version("smartcard-selfrenew")
_CARD_SECONDS = 10.0
_FIELDS = {
    OperationKind.RENEW: {"passcode"},
    OperationKind.CHANGE_PASSCODE: {"passcode", "new_passcode"},
    OperationKind.UNLOCK: set[str](),
}
_Result = TypeVar("_Result")
_Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class LoopbackParts:
    """What the interface is made of; `refusal` says why the card is not to be changed here.

    `language` speaks the one that a request wants.
    """

    launch: Launch
    worker: CardWorker
    state: AgentState
    operations: Operations
    portal: PortalClient
    services: Services
    clock: Clock
    refusal: Callable[[], str | None] = lambda: None
    measure: Callable[[], float] = time.monotonic
    language: Language = lambda _: nullcontext()


def loopback_application(parts: LoopbackParts, port: int, closing: asyncio.Event) -> ASGIApp:
    """Make the application for the port it is reached at; `closing` ends its streams."""
    return Guard(
        _Loopback(parts, port, closing).application,
        port=port,
        origin=parts.portal.origin,
        measure=parts.measure,
        language=parts.language,
    )


class _Loopback:
    def __init__(self, parts: LoopbackParts, port: int, closing: asyncio.Event) -> None:
        self._parts = parts
        self._port = port
        self._closing = closing
        self._tickets = TicketOffice(parts.portal, parts.launch.identifier, parts.clock)
        self._handoffs = Bucket(10, 0.2, parts.measure)
        self._checks = Bucket(5, 0.2, parts.measure)
        self._unpaired = Bucket(10, 0.2, parts.measure)
        self.application = Starlette(
            routes=[
                Route("/v1/hello", self._hello),
                Route("/v1/handoffs", self._hand_over, methods=["POST"]),
                Route("/v1/check", self._check),
                Route("/v1/card", self._paired(self._card)),
                Route("/v1/events", self._paired(self._states)),
                Route("/v1/operations", self._paired(self._start), methods=["POST"]),
                Route("/v1/operations/current", self._paired(self._current)),
                Route("/v1/operations/{operation}/events", self._paired(self._progress)),
                Route(
                    "/v1/operations/{operation}/code", self._paired(self._code), methods=["POST"]
                ),
            ],
            exception_handlers={
                HTTPException: _refuse_route,
                **dict.fromkeys((ProblemError, *EXPECTED, Exception), _refuse),
            },
        )
        self.application.router.redirect_slashes = False

    async def _hello(self, _: Request) -> Response:
        parts = self._parts
        return JSONResponse(
            {
                "product": PRODUCT,
                "version": _VERSION,
                "api": API_VERSION,
                "launch": parts.launch.identifier,
                "state": parts.state.state.value,
            }
        )

    async def _hand_over(self, request: Request) -> Response:
        await read_form(request)
        self._handoffs.take()
        parts = self._parts
        card = await self._guid()
        login = parts.state.login
        # A session is as good as the card it was opened with; another card's is not handed over.
        signed_in = login is not None and login.guid == card
        handoff = await run_in_threadpool(
            parts.portal.hand_over,
            parts.launch,
            version=_VERSION,
            port=self._port,
            spine_ticket=login.spine.ticket if login is not None and signed_in else None,
            card=card,
        )
        return JSONResponse({"handoff": handoff}, HTTPStatus.CREATED)

    async def _card(self, _: Request) -> Response:
        if self._parts.operations.running:
            raise OperationBusyError
        clock = self._parts.clock
        found = await self._on_card("card", lambda reader: read_card(reader, clock()))
        return JSONResponse({**found.view, "renewal_refused": self._parts.refusal()})

    async def _start(self, request: Request) -> Response:
        form = await read_form(request, needed=["ticket"], allowed=["passcode", "new_passcode"])
        parts = self._parts
        if parts.refusal() is not None:
            raise ProblemError(HTTPStatus.FORBIDDEN, "remote_desktop")
        if parts.operations.running:
            raise OperationBusyError
        card = await self._guid()
        ticket = await run_in_threadpool(self._tickets.check, form["ticket"], card)
        if set(form) - {"ticket"} != _FIELDS[ticket.operation]:
            raise wrong_form(f"fields of {ticket.operation}: ticket, {_FIELDS[ticket.operation]}")
        order = Order(
            ticket.operation, card, _secret(form, "passcode"), _secret(form, "new_passcode")
        )
        if order.passcode is not None:
            encode_reference_data(order.passcode)
        if order.new_passcode is not None:
            check_new_passcode(order.new_passcode)
        begun = self._tickets.use(ticket, lambda: parts.operations.start(order))
        return JSONResponse({"operation": begun.identifier}, HTTPStatus.ACCEPTED)

    async def _current(self, _: Request) -> Response:
        current = self._parts.operations.current
        if current is None:
            raise NoSuchOperationError
        return JSONResponse(current.snapshot.view)

    async def _progress(self, request: Request) -> Response:
        operation = self._operation(request)
        return stream(
            "progress",
            operation.log,
            after=last_event(request),
            view=lambda snapshot: snapshot.view,
            ends=_is_last,
            closing=self._closing,
        )

    async def _code(self, request: Request) -> Response:
        form = await read_form(request, needed=["code", "new_passcode"])
        operation = self._operation(request)
        self._parts.operations.give_code(
            operation.identifier, Secret(form["code"]), Secret(form["new_passcode"])
        )
        return JSONResponse({"operation": operation.identifier}, HTTPStatus.ACCEPTED)

    async def _states(self, request: Request) -> Response:
        log = self._parts.state.log
        newest = log.last
        # A page that comes for the first time is told how it stands now, not how it came to that.
        before = 0 if newest is None else newest.number - 1
        return stream(
            "state",
            log,
            after=last_event(request) or before,
            view=_situation,
            ends=lambda _: False,
            closing=self._closing,
        )

    async def _check(self, _: Request) -> Response:
        self._checks.take()
        parts = self._parts
        found = await run_in_threadpool(check_setup, parts.worker, parts.services, parts.portal)
        return JSONResponse({"checks": [each.view for each in found]})

    def _paired(self, answer: _Answer) -> _Answer:
        async def guarded(request: Request) -> Response:
            shown = request.headers.get("authorization", "").encode("utf-8", "replace")
            wanted = b"Pairing " + self._parts.launch.pairing_secret.reveal()
            if not hmac.compare_digest(shown, wanted):
                self._unpaired.take()
                raise ProblemError(
                    HTTPStatus.UNAUTHORIZED,
                    "not_paired",
                    headers={"www-authenticate": "Pairing"},
                )
            return await answer(request)

        return guarded

    def _operation(self, request: Request) -> Operation:
        return self._parts.operations.find(request.path_params["operation"])

    async def _guid(self) -> bytes:
        """Tell which card is in; that of the operation that runs, which has it."""
        current = self._parts.operations.current
        if current is not None and self._parts.operations.running:
            return current.card
        return await self._on_card("identify", read_guid)

    async def _on_card(self, name: str, work: Callable[[Reader], _Result]) -> _Result:
        """Have the card's thread do something short. Raise OperationBusyError if it has no time."""
        future = self._parts.worker.submit(name, work)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), _CARD_SECONDS)
        except TimeoutError as error:
            raise OperationBusyError from error


def _secret(form: Mapping[str, str], name: str) -> Secret | None:
    return Secret(form[name]) if name in form else None


def _is_last(snapshot: Snapshot) -> bool:
    return snapshot.state.over


def _situation(situation: Situation) -> dict[str, object]:
    login = situation.login
    signed_in = None
    if login is not None:
        signed_in = {
            "serial": f"{login.certificate_serial:X}",
            "name": login.spine.name,
            "role": None if login.role is None else login.role.name,
            "spine": True,
        }
    return {"state": situation.state.value, "signed_in": signed_in}


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer with the refusal that an error comes to; anything else is a fault of the program."""
    problem = error if isinstance(error, ProblemError) else problem_of(error)
    if problem is None:
        problem = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "fault")
    return problem.response()


async def _refuse_route(_: Request, error: Exception) -> Response:
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.NOT_FOUND))
    reason = "method_not_allowed" if status is HTTPStatus.METHOD_NOT_ALLOWED else "not_found"
    return ProblemError(status, reason, headers=getattr(error, "headers", None)).response()
