# SPDX-License-Identifier: Apache-2.0
"""Which card this is."""

from enum import Enum, unique


@unique
class Personality(Enum):
    """What a card answers beyond, or not beyond, the standard."""

    PIV = "piv"
    """Strictly SP 800-73: vendor instructions are refused."""
