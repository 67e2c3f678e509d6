# SPDX-License-Identifier: Apache-2.0
"""Our card as virtualsmartcard's `SmartcardOS`, so that its `VirtualICC` can carry it."""

from .vpcd import LinkedCard


class SmartcardOS:
    """The methods `VirtualICC` calls on its `os`, by the names it calls them.

    `vicc = VirtualICC(...); vicc.os = SmartcardOS(card); vicc.run()`.
    """

    def __init__(self, card: LinkedCard) -> None:
        self._card = card

    def getATR(self) -> bytes:  # noqa: N802
        """Give the answer to reset."""
        return self._card.atr

    def powerUp(self) -> None:  # noqa: N802
        """Give the card power."""
        self._card.power_on()

    def powerDown(self) -> None:  # noqa: N802
        """Take the power away."""
        self._card.power_off()

    def reset(self) -> None:
        """Reset the card."""
        self._card.reset()

    def execute(self, msg: bytes) -> bytes:
        """Answer a command APDU."""
        return self._card.transmit(bytes(msg))
