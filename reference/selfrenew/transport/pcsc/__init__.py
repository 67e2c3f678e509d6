# SPDX-License-Identifier: Apache-2.0
"""Cards in PC/SC readers, by pyscard; an extra of the installation (`[pcsc]`)."""

from .connection import PcscConnection
from .errors import (
    AmbiguousCardError,
    AmbiguousReaderError,
    CardResetError,
    NoServiceError,
    NoSuchCardError,
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
