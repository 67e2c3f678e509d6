# SPDX-License-Identifier: Apache-2.0
"""How APDUs reach a card."""

from .connection import (
    CardConnection,
    CardRemovedError,
    NoCardError,
    NoReaderError,
    Reader,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)

__all__ = [
    "CardConnection",
    "CardRemovedError",
    "NoCardError",
    "NoReaderError",
    "Reader",
    "ReaderBusyError",
    "TransportError",
    "UnusableCardError",
]
