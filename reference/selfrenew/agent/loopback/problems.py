# SPDX-License-Identifier: Apache-2.0
"""Every refusal as a problem document (RFC 9457), made at one place.

`reason` is for programs, `message` for the person; nothing that was sent is repeated.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from selfrenew import messages
from selfrenew.agent.errors import (
    AgentError,
    AgentStoppedError,
    NoCodeWantedError,
    NoSuchOperationError,
    OperationBusyError,
    TicketUsedError,
)
from selfrenew.agent.failures import FailureReason, reason_of
from selfrenew.http import one_line
from selfrenew.operation_ticket import (
    OperationTicketError,
    TicketExpiredError,
    WrongCardError,
)
from selfrenew.piv.errors import PivError
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.renewal import RenewalError
from selfrenew.services import ServiceError, ServiceRefusedError
from selfrenew.transport.connection import TransportError

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request is refused; `detail` is for who writes the page."""

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        *,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Make the answer, in the language that is spoken now."""
        text = messages.PROBLEMS.get(self.reason) or messages.FAILURES[self.reason]
        remedy = "" if self.reason in messages.PROBLEMS else messages.FAILURE_REMEDIES[self.reason]
        body = {
            "reason": self.reason,
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "message": f"{text} {remedy}".strip(),
        }
        return JSONResponse(body, self.status, self.headers, MEDIA_TYPE)


_BY_ERROR: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (OperationBusyError, HTTPStatus.CONFLICT, "busy"),
    (NoSuchOperationError, HTTPStatus.NOT_FOUND, "no_operation"),
    (NoCodeWantedError, HTTPStatus.CONFLICT, "no_code_wanted"),
    (TicketUsedError, HTTPStatus.FORBIDDEN, "ticket_used"),
    (TicketExpiredError, HTTPStatus.FORBIDDEN, "ticket_expired"),
    (WrongCardError, HTTPStatus.FORBIDDEN, "wrong_card"),
    (OperationTicketError, HTTPStatus.FORBIDDEN, "ticket_invalid"),
    (AgentStoppedError, HTTPStatus.SERVICE_UNAVAILABLE, "agent_stopped"),
    (ServiceRefusedError, HTTPStatus.BAD_GATEWAY, "portal_refused"),
    (ServiceError, HTTPStatus.BAD_GATEWAY, "portal_unreachable"),
)
EXPECTED: tuple[type[Exception], ...] = (
    AgentError,
    OperationTicketError,
    ServiceError,
    PivError,
    ReferenceDataFormatError,
    RenewalError,
    TransportError,
)
"""What a route may raise in the ordinary course of things."""
_UNPROCESSABLE = frozenset({FailureReason.PASSCODE_FORM})


def problem_of(error: Exception) -> ProblemError | None:
    """Give the refusal that an error of the agent comes to; None for a fault of the program."""
    for kind, status, reason in _BY_ERROR:
        if isinstance(error, kind):
            return ProblemError(status, reason, detail=one_line(str(error)))
    failure = reason_of(error)
    if failure is None:
        return None
    status = HTTPStatus.CONFLICT
    if failure in _UNPROCESSABLE:
        status = HTTPStatus(422)
    return ProblemError(status, failure.value, detail=one_line(str(error)))
