# SPDX-License-Identifier: Apache-2.0
"""The making of a card as a scenario: the emulator's own card office at a blank card."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import httpx

from selfrenew.secret import Secret
from selfrenew.transport import TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.personalisation import (
    PROFILES,
    CardIdentity,
    CardSecrets,
    EnrolmentOffice,
    PersonalisationError,
    personalise,
)

from .case import Setting
from .client import Ending
from .codes import Code
from .evidence import PASSCODE
from .world import Desk

_CARD_ENDS = date(2031, 3, 1)
_REFUSED = Code.REFUSED


@dataclass(frozen=True, slots=True)
class Made:
    """How the making of a card ended, in the codes of the program under test."""

    code: int
    text: str
    told: tuple[str, ...] = ()


def make_card(desk: Desk, setting: Setting) -> Callable[[], Ending]:
    """Put a blank card into the reader; give what makes it the holder's card."""
    managed = desk.prepared.managed
    management_key = desk.world.stage.management.management_key(managed.guid, managed.algorithm)
    secrets = CardSecrets(Secret(PASSCODE), management_key, managed.algorithm)
    blank = Card.blank(
        pin=PASSCODE.encode(),
        puk=managed.puk.reveal(),
        management_key=management_key.reveal(),
        management_algorithm=managed.algorithm,
        personality=setting.personality,
    )
    desk.exchange_card(desk.world.card_of(blank.state))
    enrolment = desk.world.stage.ca.enrol(
        subject=desk.prepared.subject, profiles=PROFILES.values(), uses=len(PROFILES)
    )

    def make() -> Ending:
        with httpx.Client(transport=desk.line, trust_env=False) as http:
            office = EnrolmentOffice(
                desk.world.stage.urls.cmp_http,
                enrolment,
                clock=desk.world.clock,
                randomness=desk.world.randomness,
                http=http,
                issuers=desk.world.stage.ca.issuers.values(),
            )
            try:
                personalise(
                    desk.transmit,
                    office,
                    secrets=secrets,
                    subject=desk.prepared.subject,
                    identity=CardIdentity(managed.guid, _CARD_ENDS),
                    algorithm=setting.algorithm,
                )
            except (PersonalisationError, TransportError) as error:
                return Made(_REFUSED, str(error))
        return Made(Code.DONE, "The card is made.")

    return make
