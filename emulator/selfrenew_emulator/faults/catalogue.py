# SPDX-License-Identifier: Apache-2.0
"""Every fault by its name, and how one is ordered.

An order is a name, and behind a colon what it needs to be told: `portal.logged-out`, or
`card.removed:after=GENERATE,slot=9c,times=2`.
"""

from collections.abc import Iterable
from types import MappingProxyType

from .ca import CA_FAULTS
from .card_answers import ANSWERS
from .card_contents import CONTENTS
from .card_going import GOING
from .card_passcode import PASSCODES
from .errors import ElsewhereError, FaultOrderError, UnknownFaultError
from .fault import FaultOrder, FaultTarget
from .mail import MAIL_FAULTS
from .network import NETWORK_FAULTS
from .portal import PORTAL_FAULTS
from .reader import READER_FAULTS
from .services import SERVICE_FAULTS
from .world import WORLD_FAULTS

_ALL = (
    *CA_FAULTS.values(),
    *GOING,
    *ANSWERS,
    *PASSCODES,
    *CONTENTS,
    *READER_FAULTS,
    *WORLD_FAULTS,
    *NETWORK_FAULTS,
    *SERVICE_FAULTS,
    *MAIL_FAULTS,
    *PORTAL_FAULTS.values(),
)
CATALOGUE = MappingProxyType({fault.name: fault for fault in _ALL})


def check_order(text: str, here: Iterable[FaultTarget]) -> None:
    """Check an order for a place that has these targets.

    Raise UnknownFaultError, FaultOrderError or ElsewhereError.
    """
    target = read_order(text).fault.target
    targets = tuple(here)
    if target not in targets:
        raise ElsewhereError(text, target.title, (each.title for each in targets))


def read_order(text: str) -> FaultOrder:
    """Read an order. Raise UnknownFaultError or FaultOrderError.

    >>> order = read_order("card.removed:before=PUT DATA")
    >>> order.fault.name, order.times
    ('card.removed', 1)
    """
    name, _, rest = text.partition(":")
    name = name.strip()
    if name not in CATALOGUE:
        raise UnknownFaultError(name, CATALOGUE)
    parameters: dict[str, str] = {}
    for part in rest.split(",") if rest else ():
        key, equals, value = (each.strip() for each in part.partition("="))
        if not key or not equals or not value:
            raise FaultOrderError(text, f"'{part}' is not like NAME=VALUE")
        if key in parameters:
            raise FaultOrderError(text, f"'{key}' is there twice")
        parameters[key] = value
    return FaultOrder.of(CATALOGUE[name], parameters, text)
