# SPDX-License-Identifier: Apache-2.0
"""Reading requests of programs and answering them: JSON, and problems (RFC 9457) with a reason.

What was sent is never repeated in an answer: it may hold a secret.
"""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

BODY_MAX_BYTES = 8192
_SCRIPTED = "x-selfrenew"
_NO_STORE = {"Cache-Control": "no-store"}
_Form = TypeVar("_Form", bound="Form")


class Form(BaseModel):
    """A request's body: these fields, of these types, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RefusedError(Exception):
    """A request is refused; `reason` is for programs, the text for who reads their logs."""

    def __init__(
        self, status: int, reason: str, detail: str, *, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


def refusal(_: Request, error: Exception) -> Response:
    """Answer a RefusedError."""
    if not isinstance(error, RefusedError):
        raise error
    headers = dict(_NO_STORE)
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    problem = {
        "title": "Refused",
        "status": error.status,
        "reason": error.reason,
        "detail": str(error),
    }
    return JSONResponse(problem, error.status, headers, "application/problem+json")


def answer(content: dict[str, object], status: int = 200) -> Response:
    """Answer with an object that nobody keeps."""
    return JSONResponse(content, status, _NO_STORE)


async def read_form(request: Request, kind: type[_Form]) -> _Form:
    """Read a body. Raise RefusedError."""
    kind_sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind_sent != "application/json":
        raise RefusedError(415, "not_json", "send application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX_BYTES:
            raise RefusedError(413, "too_long", f"a body has at most {BODY_MAX_BYTES} bytes")
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        places = sorted({".".join(map(str, each["loc"])) or "body" for each in error.errors()})
        raise RefusedError(422, "malformed", f"malformed at {', '.join(places)}") from None


def require_own_page(request: Request, origin: str) -> None:
    """Refuse a request that does not come from the portal's own page. Raise RefusedError.

    A page elsewhere can send neither this header without asking first (Fetch, 4.9), nor another
    origin than its own; Sec-Fetch-Site says it once more.
    """
    headers = request.headers
    # A browser leaves Origin out of a GET within its own origin (Fetch, 3.2).
    sent = headers.get("origin", origin if request.method == "GET" else None)
    site = headers.get("sec-fetch-site", "same-origin")
    if headers.get(_SCRIPTED) != "1" or sent != origin or site != "same-origin":
        raise RefusedError(403, "wrong_origin", "only the portal's own page may ask this")


def refuse_browsers(request: Request) -> None:
    """Refuse what a page sent: this is for agents. Raise RefusedError."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        raise RefusedError(403, "wrong_origin", "only an agent may ask this")
