# SPDX-License-Identifier: Apache-2.0
"""What a YubiKey 5 answers beyond SP 800-73: Yubico's PIV instructions and its own applications.

After Yubico's SDK manual ("PIV APDUs") and what its clients ask for. Firmware 5.7.
"""

from .application import YubiKey
from .factory import DEFAULT_MANAGEMENT_KEY, DEFAULT_PIN, DEFAULT_PUK, equip

__all__ = ["DEFAULT_MANAGEMENT_KEY", "DEFAULT_PIN", "DEFAULT_PUK", "YubiKey", "equip"]
