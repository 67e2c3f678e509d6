# SPDX-License-Identifier: Apache-2.0
"""Cards that Yubico's programs are run against, with secrets those programs know by default."""

from functools import lru_cache
from typing import Any

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality, PrivateKey, generate
from selfrenew_emulator.randomness import seeded

PIN, PUK = "123456", "12345678"
KEY = bytes.fromhex("0102030405060708" * 3)


@lru_cache
def pooled(algorithm: Algorithm) -> PrivateKey:
    """RSA of 4096 bits takes seconds: the card is handed the same key each time."""
    return generate(algorithm)


def factory_fresh(personality: Personality = Personality.YUBIKEY, **options: Any) -> Card:
    made: dict[str, Any] = {"randomness": seeded(7), "key_source": pooled} | options
    if personality is Personality.PIV:
        # A YubiKey has the same by itself.
        made |= {"pin": PIN.encode(), "puk": PUK.encode(), "management_key": KEY}
    return Card.blank(personality=personality, **made)


class Overheard:
    """A card that remembers which instructions it was sent."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.atr = card.atr
        self.power_on, self.power_off, self.reset = card.power_on, card.power_off, card.reset
        self.instructions: list[int] = []

    def transmit(self, command: bytes) -> bytes:
        self.instructions.append(command[1])
        return self._card.transmit(command)
