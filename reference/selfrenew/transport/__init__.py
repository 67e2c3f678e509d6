# SPDX-License-Identifier: Apache-2.0
"""How APDUs reach a card."""

from .choosing import IsWanted, choose, holders_of
from .connection import (
    AmbiguousCardError,
    AwaitingReader,
    CardConnection,
    CardRemovedError,
    MonitoredReader,
    NeighbouredReader,
    NoCardError,
    NoReaderError,
    NoServiceError,
    NoSuchCardError,
    Reader,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)

__all__ = [
    "AmbiguousCardError",
    "AwaitingReader",
    "CardConnection",
    "CardRemovedError",
    "IsWanted",
    "MonitoredReader",
    "NeighbouredReader",
    "NoCardError",
    "NoReaderError",
    "NoServiceError",
    "NoSuchCardError",
    "Reader",
    "ReaderBusyError",
    "TransportError",
    "UnusableCardError",
    "choose",
    "holders_of",
]
