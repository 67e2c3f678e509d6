# SPDX-License-Identifier: Apache-2.0
"""Which card this is."""

from enum import Enum, unique


@unique
class Personality(Enum):
    """What a card answers beyond, or not beyond, the standard."""

    PIV = "piv"
    """Strictly SP 800-73: vendor instructions are refused."""

    YUBIKEY = "yubikey"
    """As a YubiKey 5 answers: PIV with Yubico's instructions, and the management application."""
