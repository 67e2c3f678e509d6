# SPDX-License-Identifier: Apache-2.0
"""How a service says no over HTTP: problem details (RFC 9457) with a machine-readable reason."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request

CONTENT_TYPE = "application/problem+json"


class Problem(BaseModel):
    """The body of a refusal."""

    title: str
    status: int
    detail: str
    reason: str


_DOCUMENTED = {"content": {CONTENT_TYPE: {"schema": Problem.model_json_schema()}}}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Tell FastAPI which refusals to document for each operation.

    As a schema, not as a model: of that it would make a validator for each status of each
    operation, which takes most of the time of a stage's start, and nothing is validated with it.
    """
    return dict.fromkeys(statuses, _DOCUMENTED)


class ProblemError(Exception):
    """A refusal; `reason` is stable, `detail` is for people."""

    def __init__(
        self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(title="Refused", status=status, detail=detail, reason=reason)
        self.headers = dict(headers or {})


async def _answer(_: Request, error: Exception) -> JSONResponse:
    problem = _problem_of(error)
    return JSONResponse(
        problem.problem.model_dump(),
        problem.problem.status,
        headers=problem.headers,
        media_type=CONTENT_TYPE,
    )


def _problem_of(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case RequestValidationError():
            # Where it is wrong, never what was sent: that may be a code or a token.
            places = {".".join(map(str, each["loc"])) for each in error.errors()}
            detail = f"the request is malformed at {', '.join(sorted(places))}"
            return ProblemError(422, "malformed", detail)
        case HTTPException():
            return ProblemError(error.status_code, "no_such_operation", error.detail, error.headers)
    raise error


def answer_with_problems(app: FastAPI) -> None:
    """Have an application encode every refusal in the same way."""
    for kind in (ProblemError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)


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
