# SPDX-License-Identifier: Apache-2.0
"""The portal's tickets at the agent: checked with the portal's own keys, each taken once."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from selfrenew.clock import Clock
from selfrenew.operation_ticket import (
    LIFETIME,
    TOLERANCE,
    OperationTicket,
    UnknownKeyError,
    verify,
)

from .errors import TicketUsedError
from .portal_client import PortalClient

_Result = TypeVar("_Result")


class TicketOffice:
    """Checks tickets for one launch of the agent."""

    def __init__(self, portal: PortalClient, launch: str, clock: Clock) -> None:
        self._portal = portal
        self._launch = launch
        self._clock = clock
        self._keys: Mapping[str, Ed25519PublicKey] = {}
        self._used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def check(self, text: str, card: bytes) -> OperationTicket:
        """Read a ticket for the card; it is not used up yet.

        A key that is not known is asked for once: the portal may have been started anew. Raise
        OperationTicketError, TicketUsedError or ServiceError.
        """
        try:
            ticket = self._verify(text, card)
        except UnknownKeyError:
            self._keys = self._portal.keys()
            ticket = self._verify(text, card)
        with self._lock:
            self._refuse_used(ticket)
        return ticket

    def use(self, ticket: OperationTicket, begin: Callable[[], _Result]) -> _Result:
        """Begin what a ticket allows; it is used up where that began. Raise TicketUsedError."""
        with self._lock:
            self._forget_old()
            self._refuse_used(ticket)
            result = begin()
            self._used[ticket.identifier] = ticket.issued_at
            return result

    def _verify(self, text: str, card: bytes) -> OperationTicket:
        return verify(
            text,
            self._keys,
            portal=self._portal.origin,
            launch=self._launch,
            card=card,
            now=self._clock(),
        )

    def _refuse_used(self, ticket: OperationTicket) -> None:
        if ticket.identifier in self._used:
            raise TicketUsedError

    def _forget_old(self) -> None:
        # Twice as long as a ticket lives, since a clock may be put back a little.
        oldest = self._clock() - 2 * (LIFETIME + TOLERANCE)
        self._used = {name: issued for name, issued in self._used.items() if issued > oldest}
