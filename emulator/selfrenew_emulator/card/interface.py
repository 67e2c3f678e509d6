# SPDX-License-Identifier: Apache-2.0
"""How a card meets a reader: through its contacts, or through the air."""

from enum import Enum, unique


@unique
class Interface(Enum):
    """What a reader offers."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


@unique
class Interfaces(Enum):
    """What a card has."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"
    DUAL = "dual"

    def has(self, interface: Interface) -> bool:
        """Tell whether a reader of that kind reaches the card."""
        return self is Interfaces.DUAL or self.value == interface.value

    @property
    def default(self) -> Interface:
        """Name the interface that a reader uses where nothing else was said."""
        return Interface.CONTACTLESS if self is Interfaces.CONTACTLESS else Interface.CONTACT


class NoSuchInterfaceError(Exception):
    """A reader of this kind does not reach the card."""

    def __init__(self, interface: Interface, interfaces: Interfaces) -> None:
        super().__init__(
            f"Powering the card over its {interface.value} interface failed: it is a "
            f"{interfaces.value} card. Use another reader, or make a card that is "
            f"{Interfaces.DUAL.value}."
        )
