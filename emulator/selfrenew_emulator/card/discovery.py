# SPDX-License-Identifier: Apache-2.0
"""The discovery object (SP 800-73-4 Part 1, 3.3.2): what satisfies the access rules, and how."""

from dataclasses import dataclass

from selfrenew.iso7816 import Tlv, TlvFormatError, find, parse_tlvs
from selfrenew.piv.objects import DataObject

_AID_TAG = 0x4F
_POLICY_TAG = 0x5F2F
_APPLICATION_PIN_BIT = 0x40
_GLOBAL_PIN_BIT = 0x20
_ON_CARD_COMPARISON_BIT = 0x10
_VIRTUAL_CONTACT_BIT = 0x08
_NO_PAIRING_CODE_BIT = 0x04
_VIRTUAL_CONTACT_BITS = _VIRTUAL_CONTACT_BIT | _NO_PAIRING_CODE_BIT
_RESERVED_BITS = 0x83
_APPLICATION_PIN_IS_PRIMARY = 0x10
_GLOBAL_PIN_IS_PRIMARY = 0x20


@dataclass(frozen=True, slots=True)
class PinUsagePolicy:
    """The PIN usage policy (table 1); a card without the object has the default one."""

    global_pin: bool = False
    on_card_comparison: bool = False
    virtual_contact: bool = False
    pairing_code_required: bool = True
    well_formed: bool = True
    """Whether its two bytes are among those the standard accepts."""

    @classmethod
    def of(cls, raw: bytes) -> "PinUsagePolicy":
        """Read the policy off a discovery object, the default one off anything else."""
        policy = _policy(raw)
        if policy is None or not policy[0] & _APPLICATION_PIN_BIT:
            return cls(well_formed=False)
        first, second = policy
        primary = (
            {_APPLICATION_PIN_IS_PRIMARY, _GLOBAL_PIN_IS_PRIMARY}
            if first & _GLOBAL_PIN_BIT
            else {0x00}
        )
        virtual_contact = bool(first & _VIRTUAL_CONTACT_BIT)
        stray_bit = first & _RESERVED_BITS or (first & _NO_PAIRING_CODE_BIT and not virtual_contact)
        return cls(
            bool(first & _GLOBAL_PIN_BIT),
            bool(first & _ON_CARD_COMPARISON_BIT),
            virtual_contact,
            not first & _NO_PAIRING_CODE_BIT,
            not stray_bit and second in primary,
        )


def discovery_object(
    aid: bytes,
    *,
    global_pin: bool,
    virtual_contact: bool = False,
    pairing_code_required: bool = True,
) -> bytes:
    """Build the object, its wrapper 7E included.

    >>> discovery_object(bytes.fromhex("A000000308000010000100"), global_pin=False).hex()
    '7e124f0ba0000003080000100001005f2f024000'
    """
    first = _APPLICATION_PIN_BIT
    if virtual_contact:
        first |= _VIRTUAL_CONTACT_BIT | (0 if pairing_code_required else _NO_PAIRING_CODE_BIT)
    second = 0x00
    if global_pin:
        first |= _GLOBAL_PIN_BIT
        second = _APPLICATION_PIN_IS_PRIMARY
    body = bytes(Tlv(_AID_TAG, aid)) + bytes(Tlv(_POLICY_TAG, bytes((first, second))))
    return bytes(Tlv(DataObject.DISCOVERY.tag, body))


def is_discovery_object(raw: bytes) -> bool:
    """Tell whether bytes have the object's form, its policy keeping the application PIN."""
    policy = _policy(raw)
    return policy is not None and bool(policy[0] & _APPLICATION_PIN_BIT)


def without_virtual_contact(raw: bytes) -> bytes:
    """Take the virtual contact interface out of an object's policy and leave the rest."""
    fields = [
        Tlv(field.tag, bytes((field.value[0] & ~_VIRTUAL_CONTACT_BITS,)) + field.value[1:])
        if field.tag == _POLICY_TAG
        else field
        for field in parse_tlvs(Tlv.from_bytes(raw).value)
    ]
    return bytes(Tlv(DataObject.DISCOVERY.tag, b"".join(map(bytes, fields))))


def _policy(raw: bytes) -> bytes | None:
    """Find the two bytes of the PIN usage policy, None where the object is not well formed."""
    try:
        body = find(raw, DataObject.DISCOVERY.tag) or b""
        aid, policy = find(body, _AID_TAG), find(body, _POLICY_TAG)
    except TlvFormatError:
        return None
    return policy if aid and policy is not None and len(policy) == 2 else None
