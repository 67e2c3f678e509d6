# SPDX-License-Identifier: Apache-2.0
"""Orders a card of a running stage, found through its state folder."""

import ssl

import httpx

from selfrenew_emulator.card import Card

from .card_order import CardOrder
from .desk import card_from, form_of, reason_in
from .errors import DeskRefusedError, DeskUnreachableError, StateError
from .folder import StageFolder
from .patience import PATIENCE_SECONDS


def order_card(folder: StageFolder, order: CardOrder) -> Card:
    """Have a card made; it has the test passcode. Raise StageError."""
    description = folder.read_description()
    try:
        token = folder.desk_token_file.read_text("utf-8").strip()
        context = ssl.create_default_context(cafile=folder.root_file)
    except OSError as error:
        reason = f"its {error.filename or 'root'} cannot be read ({error.strerror})"
        raise StateError(folder.path, reason, "Start a stage on it anew.") from error
    try:
        with httpx.Client(verify=context, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            answer = client.post(
                f"{description.desk}/cards",
                content=form_of(order).model_dump_json(),
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeskUnreachableError(folder.path, str(error) or type(error).__name__) from error
    if answer.status_code != httpx.codes.CREATED:
        raise DeskRefusedError(answer.status_code, reason_in(answer.content))
    return card_from(answer.content)
