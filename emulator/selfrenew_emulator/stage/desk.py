# SPDX-License-Identifier: Apache-2.0
"""The desk: where a program outside the stage's process has a card made.

`POST /cards` with the token of the state folder answers a card in the fields of a card image. The
passcode of the card is not sent here: it has the test value, and whoever ordered the card sets it.
"""

import hmac
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality, read_image, write_image
from selfrenew_emulator.personalisation import PersonalisationError

_ALGORITHMS = frozenset({"P256", "P384", "RSA2048", "RSA3072", "RSA4096"})


class CardOrderForm(BaseModel):
    """The body of an order."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    days_left: int = Field(ge=-3000, le=3000)
    algorithm: str
    personality: Personality = Personality.PIV


CardMaker = Callable[[str, int, Algorithm, Personality], Card]
"""Makes a card: holder's name, days left, algorithm, personality."""


def desk_application(make_card: CardMaker, token: str) -> FastAPI:
    """Make the desk's application."""
    application = FastAPI(title="Stage desk", docs_url=None, redoc_url=None)

    # Not async: making a card asks the CA, which the same event loop serves.
    @application.post("/cards", status_code=201)
    def order(form: CardOrderForm, authorization: Annotated[str, Header()] = "") -> Response:
        """Make a card."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(403, "the token is not this stage's")
        if form.algorithm not in _ALGORITHMS:
            raise HTTPException(422, f"unknown algorithm; known: {', '.join(sorted(_ALGORITHMS))}")
        try:
            card = make_card(form.name, form.days_left, Algorithm[form.algorithm], form.personality)
        except PersonalisationError as error:
            raise HTTPException(502, str(error)) from error
        return Response(image_of(card), status_code=201, media_type="application/json")

    return application


def image_of(card: Card) -> bytes:
    """Give the bytes of a card's image."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ordered.card")
        write_image(file, card.state)
        return file.read_bytes()


def card_from(image: bytes) -> Card:
    """Make a card in memory of an image's bytes. Raise CardImageError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ordered.card")
        file.write_bytes(image)
        return Card(read_image(file))


def reason_in(body: bytes) -> str:
    """Read the reason out of a refusal's body, whatever it is."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return detail if isinstance(detail, str) else json.dumps(detail)
