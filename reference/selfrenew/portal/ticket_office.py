# SPDX-License-Identifier: Apache-2.0
"""Issues the portal's operation tickets and publishes the key they are signed with.

The key is made anew at each start and never leaves the process; agents fetch the set again for a
key that they do not know.
"""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from selfrenew.clock import Clock
from selfrenew.operation_ticket import OperationKind, OperationTicket, public_jwk

from .sessions import Visit

_IDENTIFIER_BYTES = 16


class NoCardError(Exception):
    """The agent had no card when it sent the browser, so there is none to name."""


class LimitedError(Exception):
    """Nobody is signed in: only an unlock is to be had."""


class TicketOffice:
    """Signs in the name of one portal."""

    def __init__(self, origin: str, clock: Clock) -> None:
        self._origin = origin
        self._clock = clock
        self._key = Ed25519PrivateKey.generate()

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Give the key as agents fetch it (RFC 7517, 5)."""
        return {"keys": [public_jwk(self._key.public_key())]}

    def issue(self, visit: Visit, operation: OperationKind) -> str:
        """Give leave for one operation on the visit's card. Raise LimitedError or NoCardError."""
        if visit.limited and operation is not OperationKind.UNLOCK:
            raise LimitedError
        if visit.card is None:
            raise NoCardError
        ticket = OperationTicket(
            self._origin,
            visit.launch,
            visit.card,
            operation,
            secrets.token_hex(_IDENTIFIER_BYTES),
            self._clock(),
        )
        return ticket.sign(self._key)
