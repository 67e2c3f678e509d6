# SPDX-License-Identifier: Apache-2.0
"""The transport `pcsc`: a reader by its name, or by the card in it.

The location is the name of a reader, or a part of it that no other has; `guid:` and the 32
hexadecimal digits of a card's GUID (from its CHUID); or empty for the one PIV card there is.
"""

import re
from pathlib import Path

from selfrenew import messages
from selfrenew.transport.pcsc import CardFinder, PcscReader

from .errors import ConfigurationError
from .wanted_card import guid_of, is_piv

_GUID = re.compile(r"guid:([0-9A-Fa-f]{32})")


def open_pcsc_reader(location: str, folder: Path) -> PcscReader | CardFinder:
    """Make the reader; found through `selfrenew.transports`. Raise ConfigurationError."""
    del folder  # PC/SC knows no files
    if not location:
        return CardFinder(is_piv, messages.ANY_CARD)
    if not location.startswith("guid:"):
        return PcscReader(location)
    guid = _GUID.fullmatch(location)
    if guid is None:
        raise ConfigurationError(messages.NO_GUID.format(location=repr(location)))
    wanted = bytes.fromhex(guid[1])
    return CardFinder(
        lambda connection: guid_of(connection) == wanted,
        messages.THIS_CARD.format(guid=guid[1].upper()),
    )
