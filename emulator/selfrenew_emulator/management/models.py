# SPDX-License-Identifier: Apache-2.0
"""The bodies of card management's requests and answers; bytes are written in hex."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from selfrenew_emulator.relying_party import ASSERTION_MAX_CHARACTERS

Guid = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="the card's GUID (CHUID)")]


class Challenge(BaseModel):
    """What the holder signs, as the claims `nonce` and `aud`."""

    challenge: str
    audience: str
    expires_at: datetime


class Consent(BaseModel):
    """A challenge signed by either of the card's valid keys."""

    card: Guid
    assertion: str = Field(max_length=ASSERTION_MAX_CHARACTERS)


class ConsentGiven(BaseModel):
    """A session for one card."""

    session: str
    management_algorithm: str
    expires_at: datetime


class CardChallenge(BaseModel):
    """What the card asked of its management key."""

    challenge: Annotated[str, Field(pattern="^([0-9a-f]{16}|[0-9a-f]{32})$")]


class CardChallengeAnswer(BaseModel):
    """What to tell the card."""

    response: str


class UnlockStart(BaseModel):
    """The card to unlock."""

    card: Guid


class UnlockStarted(BaseModel):
    """The same answer whether the card is known or not."""

    unlock: str
    expires_at: datetime


class UnlockCode(BaseModel):
    """The code from the mail."""

    code: str = Field(max_length=32)


class UnlockAuthorised(BaseModel):
    """The right to the unlocking keys, once."""

    authorisation: str


class UnlockKeys(BaseModel):
    """The PUKs the card may have, likeliest first, and the one to set."""

    candidates: list[str]
    next: str
