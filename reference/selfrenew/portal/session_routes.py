# SPDX-License-Identifier: Apache-2.0
"""What the page asks of the portal: a session for a handoff, and leave for an operation."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from selfrenew.operation_ticket import OperationKind

from .answers import Form, RefusedError, answer, read_form, require_own_page
from .sessions import LONGEST, Session, Sessions, TooManyError
from .ticket_office import LimitedError, NoCardError, TicketOffice

COOKIE = "__Host-selfrenew"
_BUSY_SECONDS = 5


class TakeUpForm(Form):
    """A handoff's code."""

    handoff: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$", repr=False)]


class OperationForm(Form):
    """What the person wants to do."""

    operation: Annotated[OperationKind, Field(strict=False)]


class SessionRoutes:
    """Keeps the browser's session by its cookie."""

    def __init__(self, sessions: Sessions, office: TicketOffice, origin: str) -> None:
        self._sessions = sessions
        self._office = office
        self._origin = origin

    async def begin(self, request: Request) -> Response:
        """Take up a handoff."""
        require_own_page(request, self._origin)
        form = await read_form(request, TakeUpForm)
        try:
            found = self._sessions.take_up(form.handoff, request.cookies.get(COOKIE))
        except TooManyError:
            raise RefusedError(
                503, "busy", "too many sessions are open", retry_after_seconds=_BUSY_SECONDS
            ) from None
        if found is None:
            raise RefusedError(403, "handoff_invalid", "the handoff was used, or its time is over")
        token, session = found
        response = _tell(session, 201)
        # The prefix holds the browser to Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2).
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="strict",
        )
        return response

    async def show(self, request: Request) -> Response:
        """Tell a page that was loaded again whom it belongs to, and keep the session."""
        require_own_page(request, self._origin)
        return _tell(self._session(request))

    async def end(self, request: Request) -> Response:
        """End the session."""
        require_own_page(request, self._origin)
        self._sessions.end(request.cookies.get(COOKIE, ""))
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def operate(self, request: Request) -> Response:
        """Give leave for one operation."""
        require_own_page(request, self._origin)
        form = await read_form(request, OperationForm)
        session = self._session(request)
        try:
            ticket = self._office.issue(session.visit, form.operation)
        except LimitedError:
            raise RefusedError(403, "limited_session", "sign in first, or unlock") from None
        except NoCardError:
            raise RefusedError(409, "no_card", "there was no card at the handoff") from None
        return answer({"ticket": ticket})

    def _session(self, request: Request) -> Session:
        session = self._sessions.find(request.cookies.get(COOKIE, ""))
        if session is None:
            raise RefusedError(401, "no_session", "there is no session, or it has ended")
        return session


def _tell(session: Session, status: int = 200) -> Response:
    visit = session.visit
    return answer(
        {
            "pairing_secret": visit.pairing_secret.reveal().decode(),
            "port": visit.port,
            "launch": visit.launch,
            "card": None if visit.card is None else visit.card.hex(),
            "limited": visit.limited,
            "name": None if visit.person is None else visit.person.name,
            "role": None if visit.person is None else visit.person.role,
        },
        status,
    )
