# SPDX-License-Identifier: Apache-2.0
"""Key references, reference data and algorithm identifiers.

SP 800-73-4 Part 1, table 4b; SP 800-78-5, tables 6 and 7 (SP 800-78-4, table 6-2, for Triple DES).
"""

from enum import IntEnum, unique


@unique
class KeyReference(IntEnum):
    """A key on the card."""

    SECURE_MESSAGING = 0x04
    RETIRED_1 = 0x82
    RETIRED_2 = 0x83
    RETIRED_3 = 0x84
    RETIRED_4 = 0x85
    RETIRED_5 = 0x86
    RETIRED_6 = 0x87
    RETIRED_7 = 0x88
    RETIRED_8 = 0x89
    RETIRED_9 = 0x8A
    RETIRED_10 = 0x8B
    RETIRED_11 = 0x8C
    RETIRED_12 = 0x8D
    RETIRED_13 = 0x8E
    RETIRED_14 = 0x8F
    RETIRED_15 = 0x90
    RETIRED_16 = 0x91
    RETIRED_17 = 0x92
    RETIRED_18 = 0x93
    RETIRED_19 = 0x94
    RETIRED_20 = 0x95
    PIV_AUTHENTICATION = 0x9A
    MANAGEMENT = 0x9B
    DIGITAL_SIGNATURE = 0x9C
    KEY_MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E


@unique
class ReferenceDataQualifier(IntEnum):
    """P2 of VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER."""

    GLOBAL_PIN = 0x00
    APPLICATION_PIN = 0x80
    PUK = 0x81
    PAIRING_CODE = 0x98


@unique
class Algorithm(IntEnum):
    """P1 of GENERAL AUTHENTICATE and the algorithm of a key pair."""

    TDES = 0x03
    RSA3072 = 0x05
    RSA2048 = 0x07
    AES128 = 0x08
    AES192 = 0x0A
    AES256 = 0x0C
    P256 = 0x11
    P384 = 0x14
    RSA4096 = 0x16
    CS2 = 0x27
    CS7 = 0x2E
