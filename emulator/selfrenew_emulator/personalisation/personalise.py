# SPDX-License-Identifier: Apache-2.0
"""Makes a blank card a person's card: identifiers, both key pairs, both certificates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret

from .card_identity import CardIdentity
from .card_office import CardOffice, PublicKey, Transmit
from .enrolment import EnrolmentOffice

PROFILES = {
    KeyReference.PIV_AUTHENTICATION: "authentication",
    KeyReference.DIGITAL_SIGNATURE: "signing",
}
"""Which of the CA's profiles certifies which key of the card."""

# Only the data model number has a value (SP 800-73-4 Part 1, 3.1.1 and table 8).
CARD_CAPABILITY_CONTAINER = b"".join(
    bytes(Tlv(tag, b"\x10" if tag == 0xF5 else b""))
    for tag in (0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE)
)


@dataclass(frozen=True, slots=True)
class CardSecrets:
    """What the card office knows of a card while it makes it."""

    passcode: Secret
    management_key: Secret
    management_algorithm: Algorithm = Algorithm.AES192


@dataclass(frozen=True, slots=True)
class CardKeySigner:
    """A key on the card as a CMP signer; the passcode is verified before each signature."""

    office: CardOffice
    key: KeyReference
    algorithm: Algorithm
    public_key: PublicKey
    passcode: Secret = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Sign on the card."""
        self.office.verify(self.passcode.reveal())
        return self.office.sign(self.key, self.algorithm, data)


def personalise(
    transmit: Transmit,
    enrolment: EnrolmentOffice,
    *,
    secrets: CardSecrets,
    subject: x509.Name,
    identity: CardIdentity,
    not_after: Mapping[KeyReference, datetime] | None = None,
    algorithm: Algorithm = Algorithm.P256,
) -> dict[KeyReference, x509.Certificate]:
    """Write a card's identifiers, generate its keys and get their certificates from the CA.

    `not_after` brings a certificate's end forward.
    Raise PersonalisationError; the card is then to be made anew.
    """
    office = CardOffice(transmit)
    office.select()
    office.authenticate(secrets.management_key.reveal(), secrets.management_algorithm)
    chuid = CardholderUniqueIdentifier(identity.fasc_n, identity.guid, identity.expiration_date)
    office.write(DataObject.CHUID, bytes(chuid))
    office.write(DataObject.CARD_CAPABILITY_CONTAINER, CARD_CAPABILITY_CONTAINER)
    ends = not_after or {}
    certificates = {}
    for key, profile in PROFILES.items():
        public_key = office.generate(key, algorithm)
        signer = CardKeySigner(office, key, algorithm, public_key, secrets.passcode)
        certificate = enrolment.enrol(profile, subject, signer, not_after=ends.get(key))
        office.write_certificate(key, certificate.public_bytes(Encoding.DER))
        certificates[key] = certificate
    return certificates
