# SPDX-License-Identifier: Apache-2.0
"""What a page may send: a JSON object of texts, of bounded length, with known names only."""

import json
from collections.abc import Collection, Mapping
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from .guard import BODY_MAX_BYTES
from .problems import ProblemError


async def read_form(
    request: Request, *, needed: Collection[str] = (), allowed: Collection[str] = ()
) -> Mapping[str, str]:
    """Read the fields of a request's body, empty for no body. Raise ProblemError.

    What is wrong is told by the names of fields alone: a value may be a passcode.
    """
    raw = bytearray()
    try:
        async for part in request.stream():
            raw += part
            if len(raw) > BODY_MAX_BYTES:
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
    except ClientDisconnect as error:
        raise wrong_form("the request broke off") from error
    fields = _parse(bytes(raw)) if raw else {}
    if not all(isinstance(value, str) for value in fields.values()):
        raise wrong_form("every field is a text")
    unknown = set(fields) - set(needed) - set(allowed)
    if unknown:
        raise wrong_form(f"known fields: {', '.join(sorted({*needed, *allowed})) or 'none'}")
    missing = set(needed) - set(fields)
    if missing:
        raise wrong_form(f"missing: {', '.join(sorted(missing))}")
    return fields


def wrong_form(detail: str) -> ProblemError:
    """Give the refusal of a body that is not of its form."""
    return ProblemError(HTTPStatus(422), "wrong_form", detail=detail)


def _parse(raw: bytes) -> dict[str, str]:
    try:
        found = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        # The parser's error quotes what it read, so it is not told on.
        raise wrong_form("it is no JSON object") from None
    if not isinstance(found, dict):
        raise wrong_form("it is no JSON object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
