# SPDX-License-Identifier: Apache-2.0
"""Orders a card of a running stage, found through its state folder."""

import json
import ssl
from dataclasses import dataclass

import httpx

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality

from .desk import card_from, reason_in
from .errors import DeskRefusedError, DeskUnreachableError, StateError
from .folder import StageFolder

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class CardOrder:
    """What card to make."""

    name: str
    days_left: int = 30
    algorithm: Algorithm = Algorithm.P256
    personality: Personality = Personality.PIV


def order_card(folder: StageFolder, order: CardOrder) -> Card:
    """Have a card made; it has the test passcode. Raise StageError."""
    description = folder.read_description()
    try:
        token = folder.desk_token_file.read_text("utf-8").strip()
        context = ssl.create_default_context(cafile=folder.root_file)
    except OSError as error:
        reason = f"its {error.filename or 'root'} cannot be read ({error.strerror})"
        raise StateError(folder.path, reason, "Start a stage on it anew.") from error
    body = {
        "name": order.name,
        "days_left": order.days_left,
        "algorithm": order.algorithm.name,
        "personality": order.personality.value,
    }
    try:
        with httpx.Client(verify=context, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.post(
                f"{description.desk}/cards",
                content=json.dumps(body),
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeskUnreachableError(folder.path, str(error) or type(error).__name__) from error
    if answer.status_code != httpx.codes.CREATED:
        raise DeskRefusedError(answer.status_code, reason_in(answer.content))
    return card_from(answer.content)
