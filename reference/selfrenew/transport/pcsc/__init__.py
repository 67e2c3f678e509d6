# SPDX-License-Identifier: Apache-2.0
"""Cards in PC/SC readers, by pyscard; an extra of the installation (`[pcsc]`)."""

from selfrenew.transport.connection import AmbiguousCardError, NoServiceError, NoSuchCardError

from .connection import PcscConnection
from .errors import (
    AmbiguousReaderError,
    CardResetError,
    PcscError,
)
from .finder import CardFinder
from .reader import PcscReader, list_readers

__all__ = [
    "AmbiguousCardError",
    "AmbiguousReaderError",
    "CardFinder",
    "CardResetError",
    "NoServiceError",
    "NoSuchCardError",
    "PcscConnection",
    "PcscError",
    "PcscReader",
    "list_readers",
]
