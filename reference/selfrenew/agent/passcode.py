# SPDX-License-Identifier: Apache-2.0
"""Changing the passcode, and unlocking a card whose passcode is blocked or forgotten.

The PUK comes from card management for one unlock, goes to the card, is replaced at once and kept
nowhere.
"""

import logging
from collections.abc import Callable

from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import WrongPukError
from selfrenew.piv.reference_data import check_new_passcode
from selfrenew.secret import Secret
from selfrenew.services import CardManagementClient, ServiceError

_log = logging.getLogger("selfrenew.agent")


def change_passcode(client: PivClient, old: Secret, new: Secret) -> None:
    """Replace the passcode; a new one of the wrong form does not reach the card.

    Raise ReferenceDataFormatError, PivError or TransportError.
    """
    check_new_passcode(new)
    client.change_passcode(old, new)


def start_unlock(client: PivClient, management: CardManagementClient) -> str:
    """Have a code sent to the card's holder. Return the unlock's ID.

    Raise ServiceError, PivError or TransportError; GlobalPinError before anybody is asked.
    """
    client.check_unlockable()
    return management.start_unlock(client.guid())


def finish_unlock(
    client: PivClient,
    management: CardManagementClient,
    unlock: str,
    code: Secret,
    new: Secret,
    *,
    before_card: Callable[[], None] = lambda: None,
) -> None:
    """Set a new passcode with the code from the mail; `before_card` is told when that begins.

    Raise ReferenceDataFormatError, ServiceError, PivError or TransportError. Where an earlier
    unlock broke off, the card may have either of two PUKs; at most one try is used up on that,
    however many unlocks break off, and the success gives it back.
    """
    check_new_passcode(new)
    client.check_unlockable()
    authorisation = management.confirm_code(unlock, code)
    keys = management.unlock_keys(unlock, authorisation)
    before_card()

    def tell_refused() -> None:
        try:
            management.report_refused(unlock, authorisation)
        except ServiceError as error:
            # The other one is tried all the same, and most likely ends the matter.
            _log.info("card management was not told of the refused unlocking key: %s", error)

    puk = _unlock_with(client, keys.candidates, new, tell_refused)
    if puk != keys.next:
        client.change_puk(puk, keys.next)
    management.report_replaced(unlock, authorisation)


def _unlock_with(
    client: PivClient,
    candidates: tuple[Secret, ...],
    new: Secret,
    tell_refused: Callable[[], None],
) -> Secret:
    *first, last = candidates
    for puk in first:
        try:
            client.reset_passcode(puk, new)
        except WrongPukError:
            # Ahead of the next one, which may not be answered any more.
            tell_refused()
        else:
            return puk
    client.reset_passcode(last, new)
    return last
