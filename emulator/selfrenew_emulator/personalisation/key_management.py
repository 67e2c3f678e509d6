# SPDX-License-Identifier: Apache-2.0
"""Encryption keys: the one in use (9D) and the twenty retired ones, with the key history object.

SP 800-73-4 Part 1, 3.2.2 and 3.3.3. Made in the office and put into the card, as where a copy is
kept for whoever lost a card: the standard has no command that loads a key or generates a retired
one, and a key that agrees secrets cannot prove its possession to the CA by a signature on the card.
No copy is kept here.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.ca import KEY_MANAGEMENT
from selfrenew_emulator.card import Card, KeySource, Personality
from selfrenew_emulator.card.keys import store_key
from selfrenew_emulator.card.vendor import KeyOrigin

from .card_office import CardOffice
from .enrolment import EnrolmentOffice

RETIRED_KEYS = tuple(KeyReference[f"RETIRED_{number}"] for number in range(1, 21))
_ON_CARD, _OFF_CARD, _ERROR_DETECTION = 0xC1, 0xC2, 0xFE
_RETIREMENT = timedelta(days=120)
"""The time between two keys' retirement."""


class KeyManagementOffice:
    """Makes encryption keys for a card under management authentication.

    Every method raises EnrolmentFailedError or CardRefusesError.
    """

    def __init__(
        self,
        card: Card,
        enrolment: EnrolmentOffice,
        subject: x509.Name,
        key_source: KeySource,
    ) -> None:
        self._card = card
        self._office = CardOffice(card.transmit)
        self._enrolment = enrolment
        self._subject = subject
        self._key_source = key_source

    def give_key(self, algorithm: Algorithm, *, not_after: datetime) -> None:
        """Give the card the key in use."""
        self._give(KeyReference.KEY_MANAGEMENT, algorithm, not_after)

    def give_history(self, now: datetime, algorithm: Algorithm = Algorithm.P256) -> None:
        """Give the card twenty keys whose certificates have ended, and tell of them."""
        for age, key in enumerate(RETIRED_KEYS, start=1):
            self._give(key, algorithm, now - age * _RETIREMENT)
        self._office.write(DataObject.KEY_HISTORY, key_history(on_card=len(RETIRED_KEYS)))

    def _give(self, reference: KeyReference, algorithm: Algorithm, not_after: datetime) -> None:
        key = self._key_source(algorithm)
        certificate = self._enrolment.enrol(
            KEY_MANAGEMENT.name, self._subject, PrivateKeySigner(key), not_after=not_after
        )
        stored = store_key(algorithm, key)
        if self._card.state.personality is Personality.YUBIKEY:
            stored = replace(stored, origin=KeyOrigin.IMPORTED)
        self._card.store.put_key(reference, stored)
        self._card.store.commit()
        self._office.write_certificate(reference, certificate.public_bytes(Encoding.DER))


def key_history(*, on_card: int) -> bytes:
    """Tell of so many retired keys, each with its certificate on the card (table 19).

    No address is told where the certificates of others could be found: there are none.
    """
    fields = ((_ON_CARD, bytes((on_card,))), (_OFF_CARD, b"\x00"), (_ERROR_DETECTION, b""))
    return b"".join(bytes(Tlv(tag, value)) for tag, value in fields)
