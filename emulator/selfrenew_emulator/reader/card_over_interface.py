# SPDX-License-Identifier: Apache-2.0
"""A card at a reader of one kind: laid on a contactless one, or put into one with contacts."""

from selfrenew_emulator.card import Card, Interface


class CardOverInterface:
    """A card that its reader powers through one interface, as a dual card on a contactless reader.

    A `VpcdReader`, a `VpcdLink` and a `SmartcardOS` take it as they take the card itself.
    """

    def __init__(self, card: Card, interface: Interface) -> None:
        """Power the card up. Raise NoSuchInterfaceError."""
        self.card = card
        self._interface = interface
        # Readers ask for the ATR before they give power.
        card.power_on(interface)

    @property
    def atr(self) -> bytes:
        """The answer to reset, over this interface."""
        return self.card.atr

    def power_on(self) -> bytes:
        """Give the card power, through this interface."""
        return self.card.power_on(self._interface)

    def power_off(self) -> None:
        """Take the power away."""
        self.card.power_off()

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU."""
        return self.card.transmit(command)
