# SPDX-License-Identifier: Apache-2.0
"""Makes a card and gets its first pair of certificates from the CA."""

from .card_identity import CardIdentity, new_guid
from .card_office import CardOffice
from .certificate_extensions import card_extensions, holder_extensions, padded, signer_extensions
from .complete import Completion, Holder, signer_curve
from .content_signer import ContentSigner
from .enrolment import EnrolmentOffice
from .errors import (
    CardAnswerError,
    CardRefusesError,
    EnrolmentFailedError,
    PersonalisationError,
    SecureMessagingSignerError,
)
from .personalise import PROFILES, CardKeySigner, CardSecrets, personalise
from .secure_messaging import provision_secure_messaging, provision_virtual_contact

__all__ = [
    "PROFILES",
    "CardAnswerError",
    "CardIdentity",
    "CardKeySigner",
    "CardOffice",
    "CardRefusesError",
    "CardSecrets",
    "Completion",
    "ContentSigner",
    "EnrolmentFailedError",
    "EnrolmentOffice",
    "Holder",
    "PersonalisationError",
    "SecureMessagingSignerError",
    "card_extensions",
    "holder_extensions",
    "new_guid",
    "padded",
    "personalise",
    "provision_secure_messaging",
    "provision_virtual_contact",
    "signer_curve",
    "signer_extensions",
]
