# SPDX-License-Identifier: Apache-2.0
"""What a program outside the stage's process may order at its desk."""

from dataclasses import dataclass

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Interfaces, Personality


@dataclass(frozen=True, slots=True)
class CardOrder:
    """What card to make, and for whom; no value of a passcode is part of it.

    `user_id` names somebody who is known already, None has a person of the name made up. The other
    fields are the options of `CardMaker.make`.
    """

    name: str
    days_left: float = 30
    algorithm: Algorithm = Algorithm.P256
    personality: Personality = Personality.PIV
    interfaces: Interfaces = Interfaces.CONTACT
    complete: bool = False
    certificate_padding: int = 0
    pairing_code_required: bool = True
    signing_days_left: float | None = None
    has_global_pin: bool = False
    user_id: str | None = None
