# SPDX-License-Identifier: Apache-2.0
"""Who may read which object and use which key, as data.

SP 800-73-4 Part 1, table 2 (objects) and tables 4a and 4b (reference data and keys). What stands
in the contact column goes for every interface; the contactless one adds a rule of its own. Writing
any object and generating any key needs management authentication (Part 2, 3.3).
"""

from enum import Enum, unique

from selfrenew.iso7816 import Instruction
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier


@unique
class AccessRule(Enum):
    """What has to come before."""

    ALWAYS = "always"
    PIN = "PIN"
    PIN_ALWAYS = "PIN always"
    """The PIN immediately before each use (Part 1, 3.2.1 on the digital signature key)."""


@unique
class ContactlessRule(Enum):
    """What has to come before over the contactless interface, besides the access rule."""

    ALWAYS = "always"
    SECURE_MESSAGING = "SM"
    VIRTUAL_CONTACT = "VCI"
    NEVER = "never"


_PIN_TO_READ = frozenset(
    {
        DataObject.FINGERPRINTS,
        DataObject.FACIAL_IMAGE,
        DataObject.PRINTED_INFORMATION,
        DataObject.IRIS_IMAGES,
        DataObject.PAIRING_CODE,
    }
)

READ_RULES: dict[int, AccessRule] = {
    data_object.tag: AccessRule.PIN if data_object in _PIN_TO_READ else AccessRule.ALWAYS
    for data_object in DataObject
}

_READ_BY_ANYONE_NEARBY = frozenset(
    {
        DataObject.CHUID,
        DataObject.CARD_AUTHENTICATION_CERTIFICATE,
        DataObject.DISCOVERY,
        DataObject.BIOMETRIC_GROUP_TEMPLATE,
        DataObject.SECURE_MESSAGING_SIGNER,
    }
)

CONTACTLESS_READ_RULES: dict[int, ContactlessRule] = {
    data_object.tag: ContactlessRule.ALWAYS
    if data_object in _READ_BY_ANYONE_NEARBY
    else ContactlessRule.VIRTUAL_CONTACT
    for data_object in DataObject
}

RETIRED_KEYS = frozenset(range(KeyReference.RETIRED_1, KeyReference.RETIRED_20 + 1))

KEY_RULES: dict[int, AccessRule] = {
    KeyReference.SECURE_MESSAGING: AccessRule.ALWAYS,
    KeyReference.PIV_AUTHENTICATION: AccessRule.PIN,
    KeyReference.DIGITAL_SIGNATURE: AccessRule.PIN_ALWAYS,
    KeyReference.KEY_MANAGEMENT: AccessRule.PIN,
    KeyReference.CARD_AUTHENTICATION: AccessRule.ALWAYS,
    **dict.fromkeys(RETIRED_KEYS, AccessRule.PIN),
}

CONTACTLESS_KEY_RULES: dict[int, ContactlessRule] = {
    **dict.fromkeys(KEY_RULES, ContactlessRule.VIRTUAL_CONTACT),
    KeyReference.SECURE_MESSAGING: ContactlessRule.ALWAYS,
    KeyReference.CARD_AUTHENTICATION: ContactlessRule.ALWAYS,
    KeyReference.MANAGEMENT: ContactlessRule.NEVER,
}

CONTACTLESS_REFERENCE_RULES: dict[int, ContactlessRule] = {
    ReferenceDataQualifier.GLOBAL_PIN: ContactlessRule.VIRTUAL_CONTACT,
    ReferenceDataQualifier.APPLICATION_PIN: ContactlessRule.VIRTUAL_CONTACT,
    ReferenceDataQualifier.PUK: ContactlessRule.NEVER,
    ReferenceDataQualifier.PAIRING_CODE: ContactlessRule.SECURE_MESSAGING,
}

CONTACT_ONLY = frozenset(
    {
        Instruction.RESET_RETRY_COUNTER,
        Instruction.PUT_DATA,
        Instruction.GENERATE_ASYMMETRIC_KEY_PAIR,
    }
)
"""Commands that the contactless interface has not (Part 2, table 2)."""

SIGNING_KEYS = frozenset(
    {
        KeyReference.PIV_AUTHENTICATION,
        KeyReference.DIGITAL_SIGNATURE,
        KeyReference.CARD_AUTHENTICATION,
    }
)
"""Elliptic-curve keys that sign; the others agree keys (SP 800-73-4 Part 2, 3.2.4)."""

GENERATED_KEYS = frozenset(
    {
        KeyReference.SECURE_MESSAGING,
        KeyReference.PIV_AUTHENTICATION,
        KeyReference.DIGITAL_SIGNATURE,
        KeyReference.KEY_MANAGEMENT,
        KeyReference.CARD_AUTHENTICATION,
    }
)
"""Key references GENERATE ASYMMETRIC KEY PAIR takes (Part 2, 3.3.2)."""

RSA_BITS: dict[Algorithm, int] = {
    Algorithm.RSA2048: 2048,
    Algorithm.RSA3072: 3072,
    Algorithm.RSA4096: 4096,
}
EC_BITS: dict[Algorithm, int] = {Algorithm.P256: 256, Algorithm.P384: 384}
