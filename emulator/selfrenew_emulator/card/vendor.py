# SPDX-License-Identifier: Apache-2.0
"""The numbers that Yubico's firmware adds to the standard's (Yubico SDK manual, PIV APDUs).

They are the emulator's own, since the reference speaks plain SP 800-73 alone. What they carry, keys
among it, is never printed: an instruction that the standard does not have counts as secret.
"""

from enum import IntEnum, unique

from selfrenew.piv.references import Algorithm


@unique
class VendorInstruction(IntEnum):
    """INS of the PIV application that SP 800-73 does not have."""

    MOVE_KEY = 0xF6
    GET_METADATA = 0xF7
    GET_SERIAL = 0xF8
    ATTEST = 0xF9
    SET_PIN_RETRIES = 0xFA
    RESET = 0xFB
    GET_VERSION = 0xFD
    IMPORT_KEY = 0xFE
    SET_MANAGEMENT_KEY = 0xFF


@unique
class VendorAlgorithm(IntEnum):
    """Algorithms of key pairs that SP 800-78 does not have, or no more."""

    RSA1024 = 0x06
    ED25519 = 0xE0
    X25519 = 0xE1


KeyAlgorithm = Algorithm | VendorAlgorithm

ATTESTATION_KEY = 0xF9
"""The key reference whose key signs attestations and nothing else."""

ATTESTATION_CERTIFICATE = 0x5FFF01
"""The tag of the data object with its certificate."""


@unique
class PinPolicy(IntEnum):
    """When the PIN has to come before a key is used."""

    DEFAULT = 0x00
    NEVER = 0x01
    ONCE = 0x02
    ALWAYS = 0x03


@unique
class TouchPolicy(IntEnum):
    """When the key has to be touched; the emulated one is touched at once."""

    DEFAULT = 0x00
    NEVER = 0x01
    ALWAYS = 0x02
    CACHED = 0x03


@unique
class KeyOrigin(IntEnum):
    """Where a key pair comes from."""

    GENERATED = 0x01
    IMPORTED = 0x02
