# SPDX-License-Identifier: Apache-2.0
"""The bodies of the Spine's requests and answers."""

from datetime import datetime

from pydantic import BaseModel, Field

from selfrenew_emulator.relying_party import ASSERTION_MAX_CHARACTERS

# With a bound a text is read as such: JSON can also name halves of characters.
TEXT_MAX_CHARACTERS = 256


class Challenge(BaseModel):
    """What the holder signs, as the claims `nonce` and `aud`."""

    challenge: str
    audience: str
    expires_at: datetime


class SignIn(BaseModel):
    """A signed challenge: compact JWS with the certificate in x5c."""

    assertion: str = Field(max_length=ASSERTION_MAX_CHARACTERS)


class RoleModel(BaseModel):
    """A role the person may work in."""

    id: str
    name: str
    organisation: str


class SignedIn(BaseModel):
    """A session: the ticket, and the roles to choose one of."""

    ticket: str
    user_id: str
    name: str
    roles: list[RoleModel]
    certificate_serial: str
    expires_at: datetime
    logout_url: str


class RoleChoice(BaseModel):
    """The chosen role."""

    role_id: str = Field(max_length=TEXT_MAX_CHARACTERS)


class TicketQuery(BaseModel):
    """A ticket an application was shown."""

    ticket: str = Field(max_length=TEXT_MAX_CHARACTERS)


class TicketAnswer(BaseModel):
    """Whether a ticket is good, and whose it is; `reason` where it is not."""

    valid: bool
    reason: str | None = None
    user_id: str | None = None
    name: str | None = None
    role: RoleModel | None = None
    certificate_serial: str | None = None
