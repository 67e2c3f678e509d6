# SPDX-License-Identifier: Apache-2.0
"""Makes a card and gets its first pair of certificates from the CA."""

from .card_office import CardOffice
from .enrolment import EnrolmentOffice
from .errors import (
    CardRefusesError,
    EnrolmentFailedError,
    PersonalisationError,
    SecureMessagingSignerError,
)
from .personalise import PROFILES, CardKeySigner, CardSecrets, personalise
from .secure_messaging import provision_secure_messaging, provision_virtual_contact

__all__ = [
    "PROFILES",
    "CardKeySigner",
    "CardOffice",
    "CardRefusesError",
    "CardSecrets",
    "EnrolmentFailedError",
    "EnrolmentOffice",
    "PersonalisationError",
    "SecureMessagingSignerError",
    "personalise",
    "provision_secure_messaging",
    "provision_virtual_contact",
]
