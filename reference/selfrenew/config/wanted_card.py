# SPDX-License-Identifier: Apache-2.0
"""What is asked of a card to know whether it is the one that is wanted."""

from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import PivError
from selfrenew.transport import CardConnection


def is_piv(connection: CardConnection) -> bool:
    """Tell whether it is a PIV card. Raise TransportError."""
    try:
        PivClient(connection).select()
    except PivError:
        return False
    return True


def guid_of(connection: CardConnection) -> bytes | None:
    """Give the GUID of its CHUID; None where it has none. Raise TransportError."""
    client = PivClient(connection)
    try:
        client.select()
        return client.guid()
    except PivError:
        return None
