# SPDX-License-Identifier: Apache-2.0
"""The transport `pcsc`: a reader by its name, or by the card in it.

The location is the name of a reader, or a part of it that no other has; `guid:` and the 32
hexadecimal digits of a card's GUID (from its CHUID); or empty for the one PIV card there is.
"""

import re
from pathlib import Path

from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import PivError
from selfrenew.transport.connection import CardConnection
from selfrenew.transport.pcsc import CardFinder, PcscReader

from .errors import ConfigurationError

_GUID = re.compile(r"guid:([0-9A-Fa-f]{32})")


def open_pcsc_reader(location: str, folder: Path) -> PcscReader | CardFinder:
    """Make the reader; found through `selfrenew.transports`. Raise ConfigurationError."""
    del folder  # PC/SC knows no files
    if not location:
        return CardFinder(_is_piv, "a smartcard that can be renewed")
    if not location.startswith("guid:"):
        return PcscReader(location)
    guid = _GUID.fullmatch(location)
    if guid is None:
        raise ConfigurationError(
            f"reader.location {location!r} is no card's GUID: write guid: and 32 hexadecimal "
            "digits, or a reader's name."
        )
    wanted = bytes.fromhex(guid[1])
    return CardFinder(
        lambda connection: _guid_of(connection) == wanted, f"the smartcard {guid[1].upper()}"
    )


def _is_piv(connection: CardConnection) -> bool:
    try:
        PivClient(connection).select()
    except PivError:
        return False
    return True


def _guid_of(connection: CardConnection) -> bytes | None:
    client = PivClient(connection)
    try:
        client.select()
        return client.guid()
    except PivError:
        return None
