# SPDX-License-Identifier: Apache-2.0
"""How APDUs reach a card."""

from .connection import (
    AwaitingReader,
    CardConnection,
    CardRemovedError,
    MonitoredReader,
    NoCardError,
    NoReaderError,
    Reader,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)

__all__ = [
    "AwaitingReader",
    "CardConnection",
    "CardRemovedError",
    "MonitoredReader",
    "NoCardError",
    "NoReaderError",
    "Reader",
    "ReaderBusyError",
    "TransportError",
    "UnusableCardError",
]
