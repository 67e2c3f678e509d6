# SPDX-License-Identifier: Apache-2.0
"""A fault as the catalogue has it, the order that names one, and an order in force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique

from .errors import FaultOrderError

_TIMES = "times"


@unique
class FaultTarget(Enum):
    """What misbehaves."""

    CA = "ca"
    CARD = "card"
    MAIL = "mail"
    MANAGEMENT = "management"
    NETWORK = "network"
    PORTAL = "portal"
    READER = "reader"
    SPINE = "spine"
    WORLD = "world"

    @property
    def title(self) -> str:
        """Its name within a sentence."""
        return "CA" if self is FaultTarget.CA else str(self.value)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its name; `read` makes what is to be done of an order's parameters.

    `reason` says where it is met, `client` what a correct client does, `trigger` when it strikes.
    `times` is how often it does where the order does not say, None being always. One that is not
    `counted` goes on until it is cleared, since nobody here sees how often it is met.
    """

    name: str
    target: FaultTarget
    reason: str
    client: str
    read: Callable[[Mapping[str, str]], object]
    """Raises ValueError with what is wrong with the parameters."""
    parameters: Sequence[str] = ()
    times: int | None = None
    trigger: str = "whatever is asked of it, from the arming on"
    counted: bool = True

    @property
    def known(self) -> tuple[str, ...]:
        """The names of all that an order may say."""
        return (*self.parameters, _TIMES) if self.counted else tuple(self.parameters)


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """A fault, what it is to do, and how often; its text is what it was read from."""

    text: str
    fault: Fault
    what: object
    times: int | None

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, fault: Fault, parameters: Mapping[str, str], text: str) -> "FaultOrder":
        """Order a fault. Raise FaultOrderError."""
        for name in parameters:
            if name not in fault.known:
                takes = ", ".join(fault.known)
                raise FaultOrderError(text, f"it has no parameter '{name}', but {takes}")
        own = dict(parameters)
        times = own.pop(_TIMES, None)
        # int() would take signs, blanks and underscores.
        if times is not None and not (times.isascii() and times.isdigit() and int(times)):
            raise FaultOrderError(text, f"'{_TIMES}' is a number from 1 on, not '{times}'")
        try:
            what = fault.read(own)
        except ValueError as error:
            raise FaultOrderError(text, str(error)) from error
        return cls(text, fault, what, fault.times if times is None else int(times))


class ArmedFault:
    """An order in force until it has struck as often as it says."""

    def __init__(self, order: FaultOrder, history: list[str]) -> None:
        self.order = order
        self.strikes = 0
        self.seen = 0
        """How many of what it waits for have come."""
        self._history = history

    @property
    def active(self) -> bool:
        """Whether it will strike again."""
        return self.order.times is None or self.strikes < self.order.times

    def strike(self) -> None:
        """Note that it struck."""
        self.strikes += 1
        self._history.append(self.order.fault.name)
