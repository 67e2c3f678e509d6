# SPDX-License-Identifier: Apache-2.0
"""The virtual contact interface, and what the contactless interface lets through without it.

SP 800-73-4 Part 1, 5.5, and Part 2, table 2. Over the contact interface nothing here refuses.
"""

from selfrenew.iso7816 import StatusWord, TlvFormatError, parse_tlvs
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier

from .access import RETIRED_KEYS, ContactlessRule
from .discovery import PinUsagePolicy
from .interface import Interface, Interfaces
from .key_establishment import CS7, suite_of
from .refusal import CommandRefusedError
from .security import SecurityStatus
from .store import CardState, Store

_CODE_TAG, _ERROR_DETECTION_TAG = 0x99, 0xFE
PAIRING_CODE_DIGITS = 8
_STRONG_KEYS = RETIRED_KEYS | {KeyReference.DIGITAL_SIGNATURE, KeyReference.KEY_MANAGEMENT}


class InterfaceRules:
    """The rules of the interface the card is used over."""

    def __init__(self, store: Store, security: SecurityStatus) -> None:
        self._store = store
        self._security = security

    @property
    def contactless(self) -> bool:
        """Whether the command came through the air."""
        return self._security.interface is Interface.CONTACTLESS

    @property
    def virtual_contact(self) -> bool:
        """Whether the security condition VCI holds for this command (Part 1, 5.5)."""
        policy = policy_of(self._store.state)
        paired = ReferenceDataQualifier.PAIRING_CODE in self._security.verified
        return (
            self._security.secured
            and policy.virtual_contact
            and (paired or not policy.pairing_code_required)
        )

    def require(self, rule: ContactlessRule) -> None:
        """Raise CommandRefusedError 6982, or 6A81 for what is never done contactless."""
        if not self.contactless or rule is ContactlessRule.ALWAYS:
            return
        if rule is ContactlessRule.NEVER:
            raise CommandRefusedError(StatusWord.FUNCTION_NOT_SUPPORTED)
        secured = self._security.secured
        if not (secured if rule is ContactlessRule.SECURE_MESSAGING else self.virtual_contact):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)


def policy_of(state: CardState) -> PinUsagePolicy:
    """Read the PIN usage policy of a card."""
    return PinUsagePolicy.of(state.objects.get(DataObject.DISCOVERY.tag, b""))


def pairing_code(state: CardState) -> bytes | None:
    """Read the pairing code off its container (Part 1, table 43), None where there is none.

    The container is the card's only copy, so that what is read there is what VERIFY takes.
    """
    try:
        fields = parse_tlvs(state.objects.get(DataObject.PAIRING_CODE.tag, b""))
    except TlvFormatError:
        return None
    if not fields or fields[0].tag != _CODE_TAG or not is_pairing_code(fields[0].value):
        return None
    return (
        fields[0].value if {field.tag for field in fields[1:]} <= {_ERROR_DETECTION_TAG} else None
    )


def is_pairing_code(value: bytes) -> bool:
    """Tell whether bytes are eight digits (Part 2, 2.4.3)."""
    return len(value) == PAIRING_CODE_DIGITS and value.isdigit()


def can_keep(state: CardState, policy: PinUsagePolicy) -> bool:
    """Tell whether a card does all that a policy announces."""
    if not policy.well_formed or policy.on_card_comparison:
        return False
    if policy.global_pin and ReferenceDataQualifier.GLOBAL_PIN not in state.references:
        return False
    return not policy.virtual_contact or (
        state.interfaces is not Interfaces.CONTACT
        and pairing_code(state) is not None
        and is_strong_enough(state)
    )


def is_strong_enough(state: CardState) -> bool:
    """Tell whether the cipher suite is as strong as the keys used through it (Part 2, 4.1.4)."""
    suite = suite_of(state)
    if suite is None:
        return False
    strongest = {stored.algorithm for key, stored in state.keys.items() if key in _STRONG_KEYS}
    return suite is CS7 or Algorithm.P384 not in strongest
