# SPDX-License-Identifier: Apache-2.0
"""Signing in to the Spine."""

from dataclasses import dataclass, field

import httpx
from cryptography import x509

from selfrenew import messages

from .api import JsonApi, service_name, text_field, token_field
from .errors import UnexpectedServiceAnswerError
from .jws import HolderKey, sign_challenge

_NAME = "the Spine"


@dataclass(frozen=True, slots=True)
class Role:
    """A role the person may work in."""

    id: str
    name: str
    organisation: str


@dataclass(frozen=True, slots=True)
class SpineLogin:
    """A session at the Spine; the ticket is as good as a password while it lives."""

    ticket: str = field(repr=False)
    user_id: str
    name: str
    roles: tuple[Role, ...]
    certificate_serial: int
    logout_url: str


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """What the Spine says of a ticket: whose it is, or by `reason` why it is not valid."""

    valid: bool
    reason: str | None = None
    user_id: str | None = None
    name: str | None = None
    role: Role | None = None
    certificate_serial: int | None = None


class SpineClient:
    """Speaks to the Spine. Every method may raise ServiceError."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._api = JsonApi(_NAME, url, http)

    def probe(self) -> None:
        """Check that the Spine is there."""
        self._api.probe()

    def sign_in(self, key: HolderKey, certificate: x509.Certificate) -> SpineLogin:
        """Have the card sign a challenge, and get a ticket for it."""
        what = messages.SIGNING_IN
        asked = self._api.call(what, "POST", "/challenges")
        claims = {
            "nonce": text_field(asked, "challenge", _NAME),
            "aud": text_field(asked, "audience", _NAME),
        }
        assertion = sign_challenge(key, certificate, claims)
        answer = self._api.call(what, "POST", "/sessions", {"assertion": assertion})
        return SpineLogin(
            ticket=token_field(answer, "ticket", _NAME),
            user_id=text_field(answer, "user_id", _NAME),
            name=text_field(answer, "name", _NAME),
            roles=_roles(answer.get("roles")),
            certificate_serial=_serial(text_field(answer, "certificate_serial", _NAME)),
            logout_url=_path(text_field(answer, "logout_url", _NAME)),
        )

    def select_role(self, login: SpineLogin, role: Role) -> TicketStatus:
        """Choose the role to work in."""
        what = messages.CHOOSING_ROLE.format(role=role.name)
        answer = self._api.call(what, "PUT", "/session/role", {"role_id": role.id}, login.ticket)
        return _status(answer)

    def validate(self, ticket: str) -> TicketStatus:
        """Ask, as an application would, whether a ticket is good."""
        what = messages.VALIDATING
        return _status(self._api.call(what, "POST", "/tickets/validation", {"ticket": ticket}))

    def log_out(self, login: SpineLogin) -> None:
        """End a session."""
        self._api.call(messages.LOGGING_OUT, "DELETE", login.logout_url, token=login.ticket)


def _status(answer: dict[str, object]) -> TicketStatus:
    serial, reason, role = (
        answer.get("certificate_serial"),
        answer.get("reason"),
        answer.get("role"),
    )
    return TicketStatus(
        valid=answer.get("valid") is True,
        reason=reason if isinstance(reason, str) else None,
        user_id=_optional(answer, "user_id"),
        name=_optional(answer, "name"),
        role=None if role is None else _role(role),
        certificate_serial=_serial(serial) if isinstance(serial, str) else None,
    )


def _optional(answer: dict[str, object], name: str) -> str | None:
    return None if answer.get(name) is None else text_field(answer, name, _NAME)


def _roles(found: object) -> tuple[Role, ...]:
    if not isinstance(found, list):
        raise UnexpectedServiceAnswerError(
            messages.NO_ROLE_LIST.format(service=service_name(_NAME))
        )
    return tuple(map(_role, found))


def _path(text: str) -> str:
    # Put behind the Spine's address, so that no ticket goes to another server.
    if not text.startswith("/"):
        raise UnexpectedServiceAnswerError(
            messages.NO_LOGOUT_PATH.format(service=service_name(_NAME))
        )
    return text


def _role(found: object) -> Role:
    if not isinstance(found, dict):
        raise UnexpectedServiceAnswerError(
            messages.NO_ROLE_OBJECT.format(service=service_name(_NAME))
        )
    names = ("id", "name", "organisation")
    return Role(*(text_field(found, name, _NAME) for name in names))


def _serial(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError as error:
        raise UnexpectedServiceAnswerError(
            messages.NO_SERIAL.format(service=service_name(_NAME))
        ) from error
