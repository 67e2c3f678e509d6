# SPDX-License-Identifier: Apache-2.0
"""What agents ask of the portal, by their own connection: a handoff for the browser beside them."""

import logging
import re
from typing import Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from selfrenew.secret import Secret
from selfrenew.services import ServiceError, SpineClient

from .answers import Form, RefusedError, answer, read_form, refuse_browsers
from .sessions import Person, Sessions, TooManyError, Visit

API = 1
"""The version of the interface between page and agent."""
_BUSY_SECONDS = 5
_log = logging.getLogger("selfrenew.portal")


class HandoffForm(Form):
    """What an agent tells; without a ticket nobody is signed in."""

    launch: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    pairing_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", repr=False)]
    agent_version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,64}$")]
    api: int
    port: Annotated[int, Field(ge=1, le=65535)]
    spine_ticket: Annotated[str | None, Field(pattern=r"^[!-~]{1,4096}$", repr=False)] = None
    card: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$")] = None


class HandoffRoutes:
    """Takes handoffs, having the Spine say whose the ticket is."""

    def __init__(self, sessions: Sessions, spine: SpineClient, minimum_version: str) -> None:
        self._sessions = sessions
        self._spine = spine
        self._minimum = minimum_version

    async def create(self, request: Request) -> Response:
        """Keep a visit for the browser that the agent will send."""
        refuse_browsers(request)
        form = await read_form(request, HandoffForm)
        if form.api != API or _release(form.agent_version) < _release(self._minimum):
            raise RefusedError(
                409, "agent_old", f"interface {API} and version {self._minimum} are needed"
            )
        person = None
        if form.spine_ticket is not None:
            person = await run_in_threadpool(self._person, form.spine_ticket)
        card = None if form.card is None else bytes.fromhex(form.card)
        visit = Visit(form.launch, Secret(form.pairing_secret), form.port, card, person)
        try:
            code, until = self._sessions.hand_off(visit)
        except TooManyError:
            raise RefusedError(
                503, "busy", "too many handoffs wait", retry_after_seconds=_BUSY_SECONDS
            ) from None
        return answer({"handoff": code, "expires_at": until.isoformat()}, 201)

    def _person(self, ticket: str) -> Person:
        try:
            status = self._spine.validate(ticket)
        except ServiceError as error:
            _log.warning("a handoff was put off: %s", error)
            raise RefusedError(
                503,
                "spine_unavailable",
                "the Spine could not be asked about the ticket",
                retry_after_seconds=_BUSY_SECONDS,
            ) from error
        if not status.valid or status.user_id is None:
            raise RefusedError(403, "ticket_not_valid", "the Spine does not stand by the ticket")
        role = None if status.role is None else status.role.name
        return Person(status.user_id, status.name or "", role)


def _release(version: str) -> tuple[int, ...]:
    """Take the numbers that a version begins with (PEP 440's release segment)."""
    found = re.match(r"\d{1,9}(\.\d{1,9})*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
