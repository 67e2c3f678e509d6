# SPDX-License-Identifier: Apache-2.0
"""How a service says no over HTTP: problem details (RFC 9457) with a machine-readable reason."""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import Request

CONTENT_TYPE = "application/problem+json"


class Problem(BaseModel):
    """The body of a refusal."""

    title: str
    status: int
    detail: str
    reason: str


class ProblemError(Exception):
    """A refusal; `reason` is stable, `detail` is for people."""

    def __init__(
        self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(title="Refused", status=status, detail=detail, reason=reason)
        self.headers = dict(headers or {})


async def _answer(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ProblemError):
        raise error
    return JSONResponse(
        error.problem.model_dump(),
        error.problem.status,
        headers=error.headers,
        media_type=CONTENT_TYPE,
    )


def answer_with_problems(app: FastAPI) -> None:
    """Have an application encode every ProblemError."""
    app.add_exception_handler(ProblemError, _answer)


def bearer(authorization: str) -> str:
    """Take the token out of an Authorization header. Raise ProblemError."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ProblemError(
            401,
            "no_token",
            "a bearer token is needed: sign in first",
            {"WWW-Authenticate": "Bearer"},
        )
    return token
