# SPDX-License-Identifier: Apache-2.0
"""PIN and touch policy of a key: read from a command, resolved, and enforced."""

from selfrenew.piv.references import KeyReference
from selfrenew_emulator.card.access import KEY_RULES, AccessRule
from selfrenew_emulator.card.refusal import incorrect_data
from selfrenew_emulator.card.store import StoredKey
from selfrenew_emulator.card.vendor import ATTESTATION_KEY, PinPolicy, TouchPolicy

SLOTS = frozenset(KEY_RULES) - {KeyReference.SECURE_MESSAGING}
"""Key pairs a YubiKey keeps besides the one it attests with; PIV's secure messaging it has not."""
_PIN_POLICY, _TOUCH_POLICY = 0xAA, 0xAB

_DEFAULT_PIN_POLICIES = {
    KeyReference.DIGITAL_SIGNATURE: PinPolicy.ALWAYS,
    KeyReference.CARD_AUTHENTICATION: PinPolicy.NEVER,
    ATTESTATION_KEY: PinPolicy.NEVER,
}
_RULES = {
    PinPolicy.NEVER: AccessRule.ALWAYS,
    PinPolicy.ONCE: AccessRule.PIN,
    PinPolicy.ALWAYS: AccessRule.PIN_ALWAYS,
}


def take_policies(reference: int, fields: dict[int, bytes]) -> tuple[PinPolicy, TouchPolicy]:
    """Take AA and AB off a command's fields, the slot's default where they are not given.

    Raise CommandRefusedError; the policies of biometric keys (MATCH) are refused too.
    """
    try:
        pin = PinPolicy(_number(fields.pop(_PIN_POLICY, b"\x00")))
        touch = TouchPolicy(_number(fields.pop(_TOUCH_POLICY, b"\x00")))
    except ValueError as error:
        raise incorrect_data() from error
    return _resolved(reference, pin), touch or TouchPolicy.NEVER


def pin_policy(reference: int, stored: StoredKey) -> PinPolicy:
    """Tell a key's policy; one of a card image may have none, and has its slot's default."""
    return _resolved(reference, stored.pin_policy or PinPolicy.DEFAULT)


def touch_policy(stored: StoredKey) -> TouchPolicy:
    """Tell a key's policy."""
    return stored.touch_policy or TouchPolicy.NEVER


def access_rule(reference: int, stored: StoredKey) -> AccessRule:
    """Tell what has to come before a key is used."""
    return _RULES[pin_policy(reference, stored)]


def _resolved(reference: int, policy: PinPolicy) -> PinPolicy:
    # Resolved when the key is made: a key that is moved keeps the policy it had.
    return policy or _DEFAULT_PIN_POLICIES.get(reference, PinPolicy.ONCE)


def _number(raw: bytes) -> int:
    if len(raw) != 1:
        raise ValueError(f"a policy has 1 byte, this one {len(raw)}")
    return raw[0]
