# SPDX-License-Identifier: Apache-2.0
"""Readers: in the process, over a card image file, or PC/SC's by vsmartcard's driver."""

from .card_over_interface import CardOverInterface
from .embedded import EmbeddedConnection, EmbeddedReader
from .errors import (
    NamespacesRefusedError,
    NotPoweredError,
    PcscdFailedError,
    PcscdMissingError,
    PcscdTooOldError,
    ReaderError,
    ReaderFolderError,
    ReaderPortTakenError,
    VpcdUnreachableError,
)
from .image import ImageReader, UnusableImageError, open_image_reader
from .pcscd import PrivatePcscd
from .slot import CardSlot, TappedSlot
from .smartcard_os import SmartcardOS
from .timed_card import TimedCard
from .vpcd import LinkedCard, VpcdLink
from .vpcd_reader import VpcdReader

__all__ = [
    "CardOverInterface",
    "CardSlot",
    "EmbeddedConnection",
    "EmbeddedReader",
    "ImageReader",
    "LinkedCard",
    "NamespacesRefusedError",
    "NotPoweredError",
    "PcscdFailedError",
    "PcscdMissingError",
    "PcscdTooOldError",
    "PrivatePcscd",
    "ReaderError",
    "ReaderFolderError",
    "ReaderPortTakenError",
    "SmartcardOS",
    "TappedSlot",
    "TimedCard",
    "UnusableImageError",
    "VpcdLink",
    "VpcdReader",
    "VpcdUnreachableError",
    "open_image_reader",
]
