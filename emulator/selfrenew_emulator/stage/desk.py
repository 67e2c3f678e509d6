# SPDX-License-Identifier: Apache-2.0
"""The desk: where a program outside the stage's process has a card made.

`POST /cards` with the token of the state folder answers a card in the fields of a card image. The
passcode of the card is not sent here: it has the test value, as a global PIN has, and whoever
ordered the card sets it.
"""

import hmac
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Interfaces, Personality, read_image, write_image
from selfrenew_emulator.personalisation import PersonalisationError
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.spine import Person, Spine

from .card_maker import TEST_PASSCODE, CardMaker, CardOptions
from .card_order import CardOrder
from .errors import NoSuchCardError
from .people import DEFAULT_ROLES, new_person

_ALGORITHMS = frozenset({"P256", "P384", "RSA2048", "RSA3072", "RSA4096"})


class CardOrderForm(BaseModel):
    """The body of an order."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    days_left: float = Field(ge=-3000, le=3000)
    algorithm: str
    personality: Personality = Personality.PIV
    interfaces: Interfaces = Interfaces.CONTACT
    complete: bool = False
    certificate_padding: int = Field(0, ge=0, le=30_000)
    pairing_code_required: bool = True
    signing_days_left: float | None = Field(None, ge=-3000, le=3000)
    has_global_pin: bool = False
    user_id: str | None = Field(None, pattern=r"^[0-9]{12}$")


MakeCard = Callable[[CardOrder], Card]
"""Makes what was ordered. Raises NoSuchCardError and PersonalisationError."""


def desk_application(make_card: MakeCard, token: str) -> FastAPI:
    """Make the desk's application."""
    application = FastAPI(title="Stage desk", docs_url=None, redoc_url=None)

    # Not async: making a card asks the CA, which the same event loop serves.
    @application.post("/cards", status_code=201)
    def order(form: CardOrderForm, authorization: Annotated[str, Header()] = "") -> Response:
        """Make a card."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(403, "the token is not this stage's")
        return answer_order(make_card, form)

    return application


def ordering(spine: Spine, cards: CardMaker, randomness: Randomness) -> MakeCard:
    """Have what is ordered made for whoever it is for."""

    def make(order: CardOrder) -> Card:
        return cards.make(holder_of(order), **order_options(order))

    def holder_of(order: CardOrder) -> Person:
        if order.user_id is None:
            person = new_person(order.name, DEFAULT_ROLES, randomness)
            spine.register(person)
            return person
        known = spine.person(order.user_id)
        if known is None:
            raise NoSuchCardError(f"the Spine knows nobody with the identifier {order.user_id}")
        return known

    return make


def answer_order(make_card: MakeCard, form: CardOrderForm) -> Response:
    """Answer an order with the card's image. Raise HTTPException."""
    if form.algorithm not in _ALGORITHMS:
        raise HTTPException(422, f"unknown algorithm; known: {', '.join(sorted(_ALGORITHMS))}")
    try:
        card = make_card(CardOrder(**form.model_dump() | {"algorithm": Algorithm[form.algorithm]}))
    except NoSuchCardError as error:
        raise HTTPException(422, str(error)) from error
    except PersonalisationError as error:
        raise HTTPException(502, str(error)) from error
    return Response(image_of(card), status_code=201, media_type="application/json")


def form_of(order: CardOrder) -> CardOrderForm:
    """Write an order down."""
    fields = asdict(order) | {"algorithm": order.algorithm.name}
    # Unchecked: it is the desk that says what it does not take.
    return CardOrderForm.model_construct(**fields)


def order_options(order: CardOrder) -> CardOptions:
    """Give what is ordered as the options of `CardMaker.make`."""
    return {
        "days_left": order.days_left,
        "signing_days_left": order.signing_days_left,
        "algorithm": order.algorithm,
        "personality": order.personality,
        "interfaces": order.interfaces,
        "complete": order.complete,
        "certificate_padding": order.certificate_padding,
        "pairing_code_required": order.pairing_code_required,
        "global_pin": TEST_PASSCODE if order.has_global_pin else None,
    }


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
