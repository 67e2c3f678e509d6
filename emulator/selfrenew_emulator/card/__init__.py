# SPDX-License-Identifier: Apache-2.0
"""A PIV card (SP 800-73): application, keys, EEPROM and image."""

from .application import AID as APPLICATION_IDENTIFIER
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
from .keys import CardKey, KeySource, PrivateKey, generate, generate_any, load_key, store_key
from .personality import Personality
from .store import CardState, Store, StoredKey, StoredReference
from .symmetric_authentication import MANAGEMENT_KEY_BYTES
from .tearing import Tear

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
    "CardKey",
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
    "Tear",
    "discovery_object",
    "generate",
    "generate_any",
    "intermediate_subject",
    "load_key",
    "read_image",
    "store_key",
    "write_image",
]
