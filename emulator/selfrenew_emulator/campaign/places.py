# SPDX-License-Identifier: Apache-2.0
"""Where a scenario can be struck: its commands and its requests, as one run showed them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from selfrenew_emulator.faults import CaMisbehaviour, ServiceRefusal, WrongKey, read_order

from .case import Setting
from .timeline import Boundary, Request

_AT, _AFTER = "at", "after"
_NETWORK, _CA = "network.", "ca."
_SERVICES = ("management.", "spine.")


@dataclass(frozen=True, slots=True)
class Places:
    """The commands and the requests of a scenario."""

    setting: Setting
    boundaries: tuple[Boundary, ...]
    requests: tuple[Request, ...]

    @property
    def rows(self) -> tuple[Boundary | Request, ...]:
        """All of them, in the order in which they are listed."""
        return (*self.boundaries, *self.requests)

    def row_of(self, order: str) -> int:
        """Tell in which row an order strikes, from 0; -1 where it names none. Raise FaultError."""
        place = place_of(order, self.boundaries, self.requests)
        return -1 if place is None else self.rows.index(place)


def to_the_ca(order: str, requests: Iterable[Request]) -> list[Request]:
    """Give the requests that a fault of the CA waits for, in their order. Raise FaultError."""
    what = read_order(order).what
    if not isinstance(what, CaMisbehaviour):
        return []
    return [
        request
        for request in requests
        if request.message is not None and what.trigger.fits(request.message)
    ]


def to_a_service(order: str, requests: Iterable[Request]) -> list[Request]:
    """Give the requests that a fault of a service waits for, in their order. Raise FaultError."""
    what = read_order(order).what
    if not isinstance(what, ServiceRefusal | WrongKey):
        return []
    return [request for request in requests if what.fits(request.service, request.path)]


def place_of(
    order: str, boundaries: Iterable[Boundary], requests: Iterable[Request]
) -> Boundary | Request | None:
    """Find the command or the request that an order's number means; None where it names none."""
    parameters = _parameters(order)
    if order.startswith(_CA):
        met = to_the_ca(order, requests)
        passed = int(parameters.get(_AFTER, "0"))
        return met[passed] if passed < len(met) else None
    if order.startswith(_SERVICES):
        asked = to_a_service(order, requests)
        passed = int(parameters.get(_AT, "1")) - 1
        return asked[passed] if passed < len(asked) else None
    number = int(parameters[_AT]) if parameters.get(_AT, "").isdigit() else 0
    if order.startswith(_NETWORK):
        return next((each for each in requests if each.number == number), None)
    return next((each for each in boundaries if each.number == number), None)


def _parameters(order: str) -> Mapping[str, str]:
    _, _, rest = order.partition(":")
    return dict(part.strip().partition("=")[::2] for part in rest.split(",") if part)
