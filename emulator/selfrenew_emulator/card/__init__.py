# SPDX-License-Identifier: Apache-2.0
"""A PIV card (SP 800-73): application, keys, EEPROM and image."""

from .authentication import MANAGEMENT_KEY_BYTES
from .card import Card
from .image import (
    CardImage,
    CardImageDamagedError,
    CardImageError,
    CardImageExistsError,
    CardImageInUseError,
    CardImageMissingError,
    CardImageVersionError,
    read_image,
    write_image,
)
from .keys import KeySource, PrivateKey, generate
from .personality import Personality
from .store import CardState, Store, StoredKey, StoredReference

__all__ = [
    "MANAGEMENT_KEY_BYTES",
    "Card",
    "CardImage",
    "CardImageDamagedError",
    "CardImageError",
    "CardImageExistsError",
    "CardImageInUseError",
    "CardImageMissingError",
    "CardImageVersionError",
    "CardState",
    "KeySource",
    "Personality",
    "PrivateKey",
    "Store",
    "StoredKey",
    "StoredReference",
    "generate",
    "read_image",
    "write_image",
]
