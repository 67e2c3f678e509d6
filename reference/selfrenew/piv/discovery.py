# SPDX-License-Identifier: Apache-2.0
"""Which PIN is the holder's passcode, by the discovery object (SP 800-73-4 Part 1, 3.3.2)."""

from selfrenew.iso7816 import TlvFormatError, find

from .references import ReferenceDataQualifier

_PIN_USAGE_POLICY = 0x5F2F
_GLOBAL_PIN_SATISFIES = 0x20
_GLOBAL_PIN_IS_PRIMARY = 0x20


def primary_pin(content: bytes | None) -> ReferenceDataQualifier:
    """Name the PIN to ask for; the application's where the object is missing or malformed.

    `content` is what the object's wrapper 7E holds.

    >>> primary_pin(bytes.fromhex("4F0BA0000003080000100001005F2F026020")).name
    'GLOBAL_PIN'
    >>> primary_pin(bytes.fromhex("4F0BA0000003080000100001005F2F026010")).name
    'APPLICATION_PIN'
    """
    try:
        policy = find(content or b"", _PIN_USAGE_POLICY)
    except TlvFormatError:
        policy = None
    if policy is not None and len(policy) == 2:
        satisfies, primary = policy
        # The second byte means nothing unless the Global PIN satisfies the access rules at all.
        if satisfies & _GLOBAL_PIN_SATISFIES and primary == _GLOBAL_PIN_IS_PRIMARY:
            return ReferenceDataQualifier.GLOBAL_PIN
    return ReferenceDataQualifier.APPLICATION_PIN
