# SPDX-License-Identifier: Apache-2.0
"""A JSON interface over HTTPS, as the Spine and card management have it."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from selfrenew import messages
from selfrenew.http import (
    Answer,
    BusyError,
    ExchangeError,
    NotTrustedError,
    UnusableAnswerError,
    exchange,
    one_line,
    try_again,
)

from .errors import (
    ServiceBusyError,
    ServiceNotTrustedError,
    ServiceRefusedError,
    ServiceUnreachableError,
    UnexpectedServiceAnswerError,
)

_log = logging.getLogger("selfrenew.services")
_content_log = logging.getLogger("selfrenew.services.content")
_PROBLEM = "application/problem+json"
_BUSY = frozenset({429, 503})
_PLAIN = frozenset(
    {
        "audience",
        "card",
        "certificate_serial",
        "challenge",
        "detail",
        "expires_at",
        "management_algorithm",
        "name",
        "reason",
        "role",
        "role_id",
        "roles",
        "status",
        "unlock",
        "user_id",
        "valid",
    }
)
_SECRET = frozenset(
    {
        "assertion",
        "authorisation",
        "candidates",
        "code",
        "next",
        "response",
        "session",
        "ticket",
    }
)


class JsonApi:
    """Calls one service. What is logged of a body is named in `_PLAIN`; tokens never are."""

    def __init__(self, name: str, url: str, http: httpx.Client) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._http = http

    def probe(self) -> None:
        """Check that the service is there. Raise ServiceError."""
        self.call(messages.PROBING.format(service=service_name(self._name)), "GET", "/health")

    def call(
        self,
        attempted: str,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        token: str | None = None,
    ) -> dict[str, Any]:
        """Call and return the answer's object, empty for 204. Raise ServiceError."""
        headers = {"accept": "application/json, application/problem+json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        try:
            answer = exchange(
                self._http,
                attempted,
                method,
                self._url + path,
                json=body,
                headers=headers,
                read_always=_PROBLEM,
            )
        except BusyError as error:
            raise ServiceBusyError(str(error), error.retry_after_seconds) from error
        except NotTrustedError as error:
            raise ServiceNotTrustedError(str(error)) from error
        except UnusableAnswerError as error:
            raise UnexpectedServiceAnswerError(str(error)) from error
        except ExchangeError as error:
            raise ServiceUnreachableError(str(error)) from error
        _log.debug("%s: %s %s -> %s", self._name, method, path, answer.status)
        if _content_log.isEnabledFor(logging.DEBUG):
            _log_content("->", body)
            _log_content("<-", _json(answer.body))
        return self._read(attempted, answer)

    def _read(self, attempted: str, answer: Answer) -> dict[str, Any]:
        if answer.content_type == _PROBLEM and answer.status in _BUSY:
            raise _busy(attempted, answer)
        if answer.status >= 500:
            raise ServiceBusyError(
                messages.SERVICE_FAILED.format(
                    attempted=attempted, service=service_name(self._name), status=answer.status
                ),
                None,
            )
        if answer.status == 204:
            return {}
        found = _json(answer.body)
        if found is None:
            raise UnexpectedServiceAnswerError(
                messages.NO_JSON.format(
                    attempted=attempted, service=service_name(self._name), status=answer.status
                )
            )
        if answer.status >= 400:
            raise ServiceRefusedError(attempted, *_why(found, answer))
        return found


def _busy(attempted: str, answer: Answer) -> ServiceBusyError:
    """Say why a service has to be asked again; some of its reasons have a remedy of their own."""
    reason, detail = _why(_json(answer.body) or {}, answer)
    said = messages.SERVICE_BUSY.format(attempted=attempted, detail=detail, reason=reason)
    after = answer.retry_after_seconds
    remedy = messages.REFUSAL_REMEDIES.get(reason) or try_again(after)
    return ServiceBusyError(f"{said} {remedy}", after, reason)


def _why(problem: Mapping[str, Any], answer: Answer) -> tuple[str, str]:
    """Take a problem's reason and detail, each on one line."""
    return (
        one_line(str(problem.get("reason", answer.status))),
        one_line(str(problem.get("detail", messages.NO_DETAIL))),
    )


def _json(body: bytes) -> dict[str, Any] | None:
    """Read a body's object, None for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _log_content(direction: str, fields: Mapping[str, object] | None) -> None:
    """Show what is harmless, name what is secret, and leave out what is not known."""
    if not fields:
        return
    shown = [
        f"{name}={fields[name]!r}" if name in _PLAIN else f"{name}=***"
        for name in sorted(_PLAIN | _SECRET)
        if name in fields
    ]
    _content_log.debug("%s %s", direction, one_line(", ".join(shown)))


def service_name(service: str) -> str:
    """Give what a person calls a service; one that has no such name keeps its own."""
    return messages.SERVICE_NAMES.get(service, service)


def text_field(answer: Mapping[str, Any], name: str, service: str) -> str:
    """Take a printable text out of an answer. Raise UnexpectedServiceAnswerError.

    What is not printable has no place on a terminal, nor in a header when it is sent back.
    """
    value = answer.get(name)
    if not isinstance(value, str) or not value.isprintable():
        raise UnexpectedServiceAnswerError(
            messages.NO_FIELD.format(service=service_name(service), field=name)
        )
    return value


def token_field(answer: Mapping[str, Any], name: str, service: str) -> str:
    """Take a bearer token out of an answer (RFC 6750, 2.1). Raise UnexpectedServiceAnswerError."""
    value = text_field(answer, name, service)
    if not value.isascii() or not value or " " in value:
        raise UnexpectedServiceAnswerError(
            messages.NO_TOKEN.format(service=service_name(service), field=name)
        )
    return value
