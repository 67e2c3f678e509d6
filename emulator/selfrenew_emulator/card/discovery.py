# SPDX-License-Identifier: Apache-2.0
"""The discovery object (SP 800-73-4 Part 1, 3.3.2): which PINs satisfy the access rules."""

from selfrenew.iso7816 import Tlv, TlvFormatError, find
from selfrenew.piv.objects import DataObject

_AID_TAG = 0x4F
_POLICY_TAG = 0x5F2F
_APPLICATION_PIN_BIT = 0x40
_GLOBAL_PIN_BIT = 0x20
_APPLICATION_PIN_IS_PRIMARY = 0x10


def discovery_object(aid: bytes, *, global_pin: bool) -> bytes:
    """Build the object, its wrapper 7E included.

    >>> discovery_object(bytes.fromhex("A000000308000010000100"), global_pin=False).hex()
    '7e124f0ba0000003080000100001005f2f024000'
    """
    policy = bytes((_APPLICATION_PIN_BIT, 0x00))
    if global_pin:
        policy = bytes((_APPLICATION_PIN_BIT | _GLOBAL_PIN_BIT, _APPLICATION_PIN_IS_PRIMARY))
    body = bytes(Tlv(_AID_TAG, aid)) + bytes(Tlv(_POLICY_TAG, policy))
    return bytes(Tlv(DataObject.DISCOVERY.tag, body))


def is_discovery_object(raw: bytes) -> bool:
    """Tell whether bytes have the object's form, its policy keeping the application PIN."""
    return bool(_policy(raw) & _APPLICATION_PIN_BIT)


def global_pin_enabled(raw: bytes) -> bool:
    """Tell whether the policy lets the global PIN in; without the object it does not."""
    return bool(_policy(raw) & _GLOBAL_PIN_BIT)


def _policy(raw: bytes) -> int:
    """Read the first byte of the PIN usage policy, 0 where the object is not well formed."""
    try:
        body = find(raw, DataObject.DISCOVERY.tag) or b""
        aid, policy = find(body, _AID_TAG), find(body, _POLICY_TAG)
    except TlvFormatError:
        return 0
    return policy[0] if aid and policy is not None and len(policy) == 2 else 0
