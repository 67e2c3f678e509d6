# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a fault that was ordered.

FaultError
├── UnknownFaultError     there is no fault of this name
├── FaultOrderError       it is not ordered like this
├── ElsewhereError        it befalls what is not here
├── NoDoorError           connections cannot be refused here
└── NothingToStrikeError  what it is to strike is out of its reach here
"""

from collections.abc import Iterable


class FaultError(Exception):
    """A fault cannot be armed, or cannot be played."""


class UnknownFaultError(FaultError):
    """There is no fault of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no fault named '{name}'. Known: {', '.join(known)}.")


class FaultOrderError(FaultError):
    """The parameters of an order are not those of its fault."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"Arming the fault '{text}' failed: {reason}.")


class ElsewhereError(FaultError):
    """A fault was ordered where there is nothing that it befalls."""

    def __init__(self, order: str, target: str, here: Iterable[str]) -> None:
        super().__init__(f"'{order}' befalls the {target}, not the {' or the '.join(here)}.")


class NoDoorError(FaultError):
    """There is no listening socket that could be closed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Arming the fault '{name}' failed: this CA's server is not a stage's, so its "
            "connections cannot be refused from here."
        )


class NothingToStrikeError(FaultError):
    """A fault was armed where what it needs is not there."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Playing a fault failed: {reason}. Attach what it is to strike.")
