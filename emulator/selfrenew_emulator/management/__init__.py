# SPDX-License-Identifier: Apache-2.0
"""Card management: management keys, PUKs and unlocking."""

from .keys import diversify
from .service import CardManagement

__all__ = ["CardManagement", "diversify"]
