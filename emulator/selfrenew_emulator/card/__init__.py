# SPDX-License-Identifier: Apache-2.0
"""A PIV card (SP 800-73): application, keys, EEPROM and image."""

from .application import AID as APPLICATION_IDENTIFIER
from .authentication import MANAGEMENT_KEY_BYTES
from .card import Card
from .card_verifiable_certificate import (
    CardVerifiableCertificate,
    CardVerifiableCertificateError,
    Role,
    intermediate_subject,
)
from .discovery import discovery_object
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
from .interface import Interface, Interfaces, NoSuchInterfaceError
from .key_establishment import CS2, CS7, CipherSuite
from .keys import KeySource, PrivateKey, generate
from .personality import Personality
from .store import CardState, Store, StoredKey, StoredReference

__all__ = [
    "APPLICATION_IDENTIFIER",
    "CS2",
    "CS7",
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
    "CardVerifiableCertificate",
    "CardVerifiableCertificateError",
    "CipherSuite",
    "Interface",
    "Interfaces",
    "KeySource",
    "NoSuchInterfaceError",
    "Personality",
    "PrivateKey",
    "Role",
    "Store",
    "StoredKey",
    "StoredReference",
    "discovery_object",
    "generate",
    "intermediate_subject",
    "read_image",
    "write_image",
]
