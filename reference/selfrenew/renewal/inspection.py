# SPDX-License-Identifier: Apache-2.0
"""What is on the card: each slot's certificate, and whether its key goes with it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, unique

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from selfrenew.piv.card_key import CardKey
from selfrenew.piv.client import PivClient, PublicKey
from selfrenew.piv.errors import CardAnswerError, NotAuthenticatedError, UnreadableObjectError
from selfrenew.piv.references import KeyReference
from selfrenew.piv.signatures import algorithm_of, digest_for
from selfrenew.secret import Secret

from .window import Due, Expired, judge_window

SLOT_WORDS = {
    KeyReference.PIV_AUTHENTICATION: "authentication",
    KeyReference.DIGITAL_SIGNATURE: "signing",
}
"""What programs call the slots; a person reads `messages.SLOT_NAMES`."""
SLOTS = tuple(SLOT_WORDS)


@unique
class SlotState(Enum):
    """How a slot stands."""

    VALID = "valid"
    DUE = "due"
    EXPIRED = "expired"
    MISSING = "missing"
    CORRUPT = "corrupt"
    MISMATCHED = "mismatched"
    """Key and certificate differ: a renewal broke off here."""
    NOT_ACCEPTED = "not accepted"
    """Card management does not take the certificate: never confirmed, superseded or revoked."""
    UNSUPPORTED = "unsupported"
    """The certificate is for a kind of key that is not known here; it may be good, or not."""


_TORN = frozenset(
    {SlotState.MISSING, SlotState.CORRUPT, SlotState.MISMATCHED, SlotState.NOT_ACCEPTED}
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot's state, with its certificate where that can be read."""

    key: KeyReference
    state: SlotState
    certificate: x509.Certificate | None = None

    @property
    def vouches(self) -> bool:
        """Whether its key has a valid certificate, and so may speak for the holder."""
        return self.state in {SlotState.VALID, SlotState.DUE}

    @property
    def torn(self) -> bool:
        """Whether it has no certificate that goes with its key and counts."""
        return self.state in _TORN


@dataclass(frozen=True, slots=True)
class Inspection:
    """A card's identity and its two slots."""

    guid: bytes
    slots: Mapping[KeyReference, Slot]

    @property
    def certificates(self) -> list[x509.Certificate]:
        """The certificates that can be read."""
        return [slot.certificate for slot in self.slots.values() if slot.certificate is not None]

    def without(self, key: KeyReference) -> "Inspection":
        """Return the same with one slot's certificate found not to be accepted."""
        refused = replace(self.slots[key], state=SlotState.NOT_ACCEPTED)
        return replace(self, slots={**self.slots, key: refused})


def inspect(client: PivClient, now: datetime, passcode: Secret | None = None) -> Inspection:
    """Inspect the selected card. Raise PivError or TransportError.

    With the passcode each key signs a random challenge, which its certificate has to verify;
    without it a mismatch cannot be seen.
    """
    guid = client.guid()
    slots = {key: _read(client, key, now) for key in SLOTS}
    if passcode is not None:
        client.verify(passcode)
        slots = {key: _prove(client, slot, passcode) for key, slot in slots.items()}
    return Inspection(guid, slots)


def _read(client: PivClient, key: KeyReference, now: datetime) -> Slot:
    try:
        certificate = _read_certificate(client, key)
        if certificate is None:
            return Slot(key, SlotState.MISSING)
    except UnreadableObjectError:
        return Slot(key, SlotState.CORRUPT)
    try:
        algorithm_of(certificate.public_key())
    except ValueError:
        return Slot(key, SlotState.UNSUPPORTED, certificate)
    window = judge_window([certificate.not_valid_after_utc], now)
    if isinstance(window, Expired):
        return Slot(key, SlotState.EXPIRED, certificate)
    return Slot(key, SlotState.DUE if isinstance(window, Due) else SlotState.VALID, certificate)


def _read_certificate(client: PivClient, key: KeyReference) -> x509.Certificate | None:
    """Read a certificate; one that cannot be read was perhaps only read badly, so twice."""
    try:
        return client.read_certificate(key)
    except UnreadableObjectError:
        return client.read_certificate(key)


def _prove(client: PivClient, slot: Slot, passcode: Secret) -> Slot:
    if slot.certificate is None or slot.state is SlotState.UNSUPPORTED:
        return slot
    if proves_possession(CardKey.certified(client, slot.key, slot.certificate, passcode)):
        return slot
    return replace(slot, state=SlotState.MISMATCHED)


def proves_possession(key: CardKey) -> bool:
    """Have a key sign a random challenge, and check it against its public key."""
    challenge = secrets.token_bytes(32)
    try:
        signature = _sign(key, challenge)
    except NotAuthenticatedError:
        raise
    except CardAnswerError:
        # No key there, or one of another algorithm than the certificate's.
        return False
    return verifies(key.public_key, signature, challenge)


def _sign(key: CardKey, challenge: bytes) -> bytes:
    """Have a key sign, once more where the card refused it for another reason than who asks.

    That may be over in a moment, as where a chain of commands was cut and its last part alone made
    no sense; a key that is there must not be overwritten for it, nor anybody be sent to the
    Registration Authority. A card that refuses again has no use of its key, whatever it has.
    """
    try:
        return key.sign(challenge)
    except NotAuthenticatedError:
        raise
    except CardAnswerError:
        # Any other command ends a chain of which the card has a part (ISO/IEC 7816-4:2020, 5.3.3).
        key.client.verify(key.passcode)
        return key.sign(challenge)


def verifies(public_key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Check a card's signature."""
    digest = digest_for(algorithm_of(public_key))
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, data, padding.PKCS1v15(), digest)
        else:
            public_key.verify(signature, data, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True
