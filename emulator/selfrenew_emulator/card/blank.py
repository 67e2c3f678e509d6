# SPDX-License-Identifier: Apache-2.0
"""What is in a card before anybody has used it."""

from dataclasses import dataclass, field

from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew_emulator.randomness import Randomness

from .application import AID
from .discovery import discovery_object
from .interface import Interfaces
from .keys import KeySource
from .personality import Personality
from .store import TRIES_MAX, CardState, StoredKey, StoredReference
from .symmetric_authentication import MANAGEMENT_KEY_BYTES
from .vendor import KeyAlgorithm
from .yubikey import DEFAULT_MANAGEMENT_KEY, DEFAULT_PIN, DEFAULT_PUK, equip

_TRIES = 3


@dataclass(frozen=True, slots=True)
class BlankSecrets:
    """The secrets of a new card; None where it has none, or its personality's own."""

    pin: bytes | None = field(repr=False)
    puk: bytes | None = field(repr=False)
    management_key: bytes | None = field(repr=False)
    management_algorithm: Algorithm
    global_pin: bytes | None = field(repr=False)


def blank_state(
    secrets: BlankSecrets,
    *,
    personality: Personality,
    allow_tdes: bool,
    interfaces: Interfaces,
    contactless_reserve: int,
    symmetric_card_authentication_key: StoredKey | None,
    randomness: Randomness,
    key_source: KeySource,
) -> CardState:
    """Give the state of a card without key pairs, its only object the discovery object.

    Raise ValueError where no such card can be made.
    """
    yubikey = personality is Personality.YUBIKEY
    if yubikey and interfaces is not Interfaces.CONTACT:
        raise ValueError("a card of personality yubikey has contacts alone")
    if not 0 <= contactless_reserve <= TRIES_MAX:
        raise ValueError(f"a reserve of {contactless_reserve} tries is not 0 to {TRIES_MAX}")
    state = CardState(
        personality,
        allow_tdes=allow_tdes or yubikey,
        interfaces=interfaces,
        contactless_reserve=contactless_reserve,
    )
    pin, puk, management_key = secrets.pin, secrets.puk, secrets.management_key
    if yubikey:
        pin = DEFAULT_PIN if pin is None else pin
        puk = DEFAULT_PUK if puk is None else puk
        management_key = DEFAULT_MANAGEMENT_KEY if management_key is None else management_key
    if pin is None or puk is None or management_key is None:
        raise ValueError(f"a card of personality {personality.value} has no default secrets")
    state.keys[KeyReference.MANAGEMENT] = _symmetric_key(
        "management", secrets.management_algorithm, management_key, allow_tdes=state.allow_tdes
    )
    card_key = symmetric_card_authentication_key
    if card_key is not None:
        if yubikey:
            raise ValueError("a YubiKey has no symmetric card authentication key")
        state.symmetric_card_authentication_key = _symmetric_key(
            "card authentication", card_key.algorithm, card_key.material, allow_tdes=allow_tdes
        )
    state.objects[DataObject.DISCOVERY.tag] = discovery_object(
        AID, global_pin=secrets.global_pin is not None
    )
    for qualifier, value in (
        (ReferenceDataQualifier.APPLICATION_PIN, pin),
        (ReferenceDataQualifier.PUK, puk),
        (ReferenceDataQualifier.GLOBAL_PIN, secrets.global_pin),
    ):
        if value is not None:
            state.references[qualifier] = _reference(value, randomness)
    if yubikey:
        equip(state, randomness, key_source)
    return state


def _symmetric_key(
    name: str, algorithm: KeyAlgorithm, key: bytes, *, allow_tdes: bool
) -> StoredKey:
    size = MANAGEMENT_KEY_BYTES.get(algorithm)
    if size is None:
        raise ValueError(f"{algorithm.name} is no algorithm for a {name} key")
    if len(key) != size:
        raise ValueError(f"a {name} key for {algorithm.name} has {size} bytes, not {len(key)}")
    if algorithm is Algorithm.TDES and not allow_tdes:
        raise ValueError("Triple DES is off (SP 800-78-5 deprecates it): ask for allow_tdes=True")
    return StoredKey(algorithm, key)


def _reference(value: bytes, randomness: Randomness) -> StoredReference:
    padded = value.ljust(8, b"\xff")
    if not value or len(padded) > 8:
        raise ValueError("a PIN and a PUK have 1 to 8 bytes")
    return StoredReference.of(padded, randomness(16), _TRIES)
