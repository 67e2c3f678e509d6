# SPDX-License-Identifier: Apache-2.0
"""Completes a person's card: every data object and every key of SP 800-73 that it can have.

Left out are iris images, which are optional, and on-card comparison, which the card does not do.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.ca import CARD_AUTHENTICATION
from selfrenew_emulator.card import CS2, CS7, Card, CipherSuite, Interfaces, KeySource
from selfrenew_emulator.randomness import Randomness

from .biometrics import QUALITY_NOT_SUPPORTED, BiometricRecord, Modality
from .card_identity import CardIdentity
from .card_office import CardOffice
from .content_signer import ContentSigner
from .enrolment import EnrolmentOffice
from .key_management import KeyManagementOffice
from .minutiae import QUALITY, draw_minutiae
from .personalise import CardKeySigner, CardSecrets
from .portrait import draw_face
from .printed_information import PrintedInformation
from .secure_messaging import provision_secure_messaging, provision_virtual_contact
from .security_object import COVERED, security_object


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is: the name as printed, and as certified."""

    name: str
    subject: x509.Name


class Completion:
    """Completes one card that `personalise` has made, over its contacts.

    `holders` gets certificates in the holder's name, `cards` in the card's.
    """

    def __init__(
        self,
        card: Card,
        holder: Holder,
        identity: CardIdentity,
        secrets: CardSecrets,
        signer: ContentSigner,
        *,
        holders: EnrolmentOffice,
        cards: EnrolmentOffice,
        randomness: Randomness,
        key_source: KeySource,
    ) -> None:
        self._card = card
        self._office = CardOffice(card.transmit)
        self._holder = holder
        self._identity = identity
        self._secrets = secrets
        self._signer = signer
        self._cards = cards
        self._randomness = randomness
        self._keys = KeyManagementOffice(card, holders, holder.subject, key_source)

    def run(
        self,
        now: datetime,
        *,
        algorithm: Algorithm,
        not_after: datetime,
        pairing_code_required: bool = True,
    ) -> None:
        """Make all keys and objects; the certificates in use end at `not_after`.

        Raise PersonalisationError; the card is then to be made anew.
        """
        self._office.select()
        self._office.authenticate(
            self._secrets.management_key.reveal(), self._secrets.management_algorithm
        )
        self._sign_chuid()
        self._give_card_key(algorithm, not_after)
        self._keys.give_key(algorithm, not_after=not_after)
        self._keys.give_history(now)
        self._describe_holder(now)
        if self._card.state.interfaces is not Interfaces.CONTACT:
            self._open_contactless(pairing_code_required=pairing_code_required)
        # Last, since it covers the others.
        self._office.write(
            DataObject.SECURITY_OBJECT, security_object(self._contents(), self._signer)
        )

    def _sign_chuid(self) -> None:
        identity = self._identity
        fields = (identity.fasc_n, identity.guid, identity.expiration_date)
        content = CardholderUniqueIdentifier(*fields).signed_content
        signature = self._signer.sign_chuid(content)
        self._office.write(DataObject.CHUID, bytes(CardholderUniqueIdentifier(*fields, signature)))

    def _give_card_key(self, algorithm: Algorithm, not_after: datetime) -> None:
        key = KeyReference.CARD_AUTHENTICATION
        public_key = self._office.generate(key, algorithm)
        signer = CardKeySigner(self._office, key, algorithm, public_key, self._secrets.passcode)
        certificate = self._cards.enrol(
            CARD_AUTHENTICATION.name, self._identity.subject, signer, not_after=not_after
        )
        self._office.write_certificate(key, certificate.public_bytes(Encoding.DER))

    def _describe_holder(self, now: datetime) -> None:
        printed = PrintedInformation(self._holder.name, self._identity)
        self._office.write(DataObject.PRINTED_INFORMATION, bytes(printed))
        minutiae = draw_minutiae(self._randomness)
        fingerprints = BiometricRecord(Modality.FINGERPRINTS, minutiae, QUALITY, now)
        face = BiometricRecord(
            Modality.FACE, draw_face(self._randomness), QUALITY_NOT_SUPPORTED, now
        )
        for data_object, record in (
            (DataObject.FINGERPRINTS, fingerprints),
            (DataObject.FACIAL_IMAGE, face),
        ):
            self._office.write(data_object, record.signed(self._signer, self._identity))

    def _open_contactless(self, *, pairing_code_required: bool) -> None:
        provision_secure_messaging(
            self._card,
            suite=suite_for(self._signer.key.curve),
            signer_key=self._signer.key,
            signer_certificate=self._signer.certificate,
            subject_guid=self._identity.guid,
            randomness=self._randomness,
        )
        provision_virtual_contact(
            self._card,
            randomness=self._randomness,
            pairing_code_required=pairing_code_required,
        )

    def _contents(self) -> dict[DataObject, bytes]:
        objects = self._card.state.objects
        return {each: objects[each.tag] for each in COVERED if each.tag in objects}


def signer_curve(algorithm: Algorithm) -> ec.EllipticCurve:
    """Give the content signer's curve: secure messaging is as strong as the keys used through it.

    SP 800-73-4 Part 2, 4.1.4.
    """
    return ec.SECP384R1() if algorithm is Algorithm.P384 else ec.SECP256R1()


def suite_for(curve: ec.EllipticCurve) -> CipherSuite:
    """Give the cipher suite whose certificates a key on a curve signs."""
    return CS7 if curve.key_size > 256 else CS2
