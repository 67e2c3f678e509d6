# SPDX-License-Identifier: Apache-2.0
"""Makes a card and gets its first pair of certificates from the CA."""

from .card_office import CardOffice
from .enrolment import EnrolmentOffice
from .errors import CardRefusesError, EnrolmentFailedError, PersonalisationError
from .personalise import PROFILES, CardKeySigner, CardSecrets, personalise

__all__ = [
    "PROFILES",
    "CardKeySigner",
    "CardOffice",
    "CardRefusesError",
    "CardSecrets",
    "EnrolmentFailedError",
    "EnrolmentOffice",
    "PersonalisationError",
    "personalise",
]
