# SPDX-License-Identifier: Apache-2.0
"""What a test does to any reader: put cards in and take them out."""

from typing import Protocol

from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import Tap


class CardSlot(Protocol):
    """A reader seen from the hand that holds the card."""

    @property
    def name(self) -> str:
        """The reader's name."""

    @property
    def card_present(self) -> bool:
        """Whether a card is in it."""

    def insert(self, card: Card) -> None:
        """Put a card in. Raise TransportError where one is in already."""

    def remove(self) -> Card:
        """Take the card out, at any moment. Raise NoCardError."""


class TappedSlot(CardSlot, Protocol):
    """A reader of this process, where something may stand between it and its card."""

    tap: Tap | None
