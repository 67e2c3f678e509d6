# SPDX-License-Identifier: Apache-2.0
"""What stands in a card image under `card`: a card's state as JSON, and back with every check.

A state that comes out of `decode` is one that a card can work with, whoever wrote the image.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier

from .access import KEY_RULES, READ_RULES, RETIRED_KEYS
from .card_verifiable_certificate import (
    CardVerifiableCertificate,
    CardVerifiableCertificateError,
    Role,
)
from .discovery import is_discovery_object
from .interface import Interfaces
from .key_establishment import SUITES
from .keys import algorithm_of_key, load_key
from .personality import Personality
from .store import (
    CONTACTLESS_RESERVE,
    DIGEST_BYTES,
    TRIES_MAX,
    CardState,
    StoredKey,
    StoredReference,
)
from .symmetric_authentication import MANAGEMENT_KEY_BYTES
from .vendor import (
    ATTESTATION_KEY,
    KeyAlgorithm,
    KeyOrigin,
    PinPolicy,
    TouchPolicy,
    VendorAlgorithm,
)
from .yubikey.objects import FREE_TAGS

_PIN = ReferenceDataQualifier.APPLICATION_PIN
_PUK = ReferenceDataQualifier.PUK
_QUALIFIERS = frozenset({ReferenceDataQualifier.GLOBAL_PIN, _PIN, _PUK})
_INTERFACES = frozenset(each.value for each in Interfaces)
_PERSONALITIES = frozenset(each.value for each in Personality)
_SERIALS = range(1, 1 << 32)
_PIN_POLICY, _TOUCH_POLICY, _ORIGIN = "pin_policy", "touch_policy", "origin"
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_CARD_KEY = "symmetric_card_authentication_key"
_LATER_FIELDS: dict[str, Any] = {
    "interfaces": Interfaces.CONTACT.value,
    "contactless_reserve": CONTACTLESS_RESERVE,
    "card_verifiable_certificate": "",
    _CARD_KEY: None,
}
"""Fields that images had not at first: left out where they say what an old image meant."""

_Kind = TypeVar("_Kind", bool, int, str, dict[str, Any])
_Member = TypeVar("_Member", bound=IntEnum)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a card of a personality can keep."""

    tags: tuple[Container[int], ...]
    keys: frozenset[int]
    algorithms: Mapping[str, KeyAlgorithm]
    most_tries: int


_KEYS = frozenset(KEY_RULES) | {KeyReference.MANAGEMENT}
_KEPT = {
    Personality.PIV: _Kept((READ_RULES,), _KEYS, Algorithm.__members__, TRIES_MAX),
    Personality.YUBIKEY: _Kept(
        (READ_RULES, FREE_TAGS),
        _KEYS | {ATTESTATION_KEY},
        {**Algorithm.__members__, **VendorAlgorithm.__members__},
        255,
    ),
}


class ImageContentError(Exception):
    """What stands in an image is no card; the text names the field."""


def encode(state: CardState) -> dict[str, Any]:
    """Give a state as JSON's own types."""
    card_key = state.symmetric_card_authentication_key
    later = {
        "interfaces": state.interfaces.value,
        "contactless_reserve": state.contactless_reserve,
        "card_verifiable_certificate": _text(state.card_verifiable_certificate),
        _CARD_KEY: None if card_key is None else _key_entry(card_key),
    }
    content: dict[str, Any] = {
        "personality": state.personality.value,
        "allow_tdes": state.allow_tdes,
        "objects": {_hex(tag): _text(content) for tag, content in state.objects.items()},
        "keys": {_hex(reference): _key_entry(key) for reference, key in state.keys.items()},
        "references": {
            _hex(qualifier): {
                "salt": _text(reference.salt),
                "digest": _text(reference.digest),
                "tries": reference.tries,
                "tries_limit": reference.tries_limit,
            }
            for qualifier, reference in state.references.items()
        },
        **{name: value for name, value in later.items() if value != _LATER_FIELDS[name]},
    }
    if state.serial is not None:
        content["serial"] = state.serial
    return content


def _key_entry(key: StoredKey) -> dict[str, str]:
    entry = {"algorithm": key.algorithm.name, "material": _text(key.material)}
    for field in (_PIN_POLICY, _TOUCH_POLICY, _ORIGIN):
        value = getattr(key, field)
        if value is not None:
            entry[field] = value.name
    return entry


def decode(card: dict[str, Any]) -> CardState:
    """Read a state. Raise ImageContentError where a card could not work with it."""
    name = _field(card, "personality", str)
    if name not in _PERSONALITIES:
        raise ImageContentError(f"its personality {name!a} is not known")
    personality = Personality(name)
    kept = _KEPT[personality]
    objects = _field(card, "objects", dict)
    keys = _field(card, "keys", dict)
    references = _field(card, "references", dict)
    state = CardState(personality, _field(card, "allow_tdes", bool))
    for text in objects:
        tag = _number(text, kept.tags, "object")
        state.objects[tag] = _bytes(objects, text)
    for text in keys:
        reference = _number(text, (kept.keys,), "key")
        state.keys[reference] = _key(reference, _field(keys, text, dict), kept)
    for text in references:
        qualifier = _number(text, (_QUALIFIERS,), "reference data")
        entry = _field(references, text, dict)
        state.references[qualifier] = _reference(text, entry, kept)
    for needed in (_PIN, _PUK):
        if needed not in state.references:
            raise ImageContentError(f"reference data {needed:02X} is missing")
    if KeyReference.MANAGEMENT not in state.keys:
        raise ImageContentError("the management key is missing")
    discovery = state.objects.get(DataObject.DISCOVERY.tag)
    if discovery is not None and not is_discovery_object(discovery):
        raise ImageContentError("object 7E is no discovery object")
    _decode_interfaces(card, state)
    if _CARD_KEY in card and personality is Personality.PIV:
        state.symmetric_card_authentication_key = _symmetric_card_key(_field(card, _CARD_KEY, dict))
    state.serial = _serial(card, personality)
    return state


def _decode_interfaces(card: dict[str, Any], state: CardState) -> None:
    card = _LATER_FIELDS | card
    interfaces = _field(card, "interfaces", str)
    if interfaces not in _INTERFACES:
        raise ImageContentError(f"its interfaces {interfaces!a} are not known")
    state.interfaces = Interfaces(interfaces)
    state.contactless_reserve = _field(card, "contactless_reserve", int)
    if not 0 <= state.contactless_reserve <= TRIES_MAX:
        raise ImageContentError(f"its reserve is {state.contactless_reserve} tries")
    raw = _bytes(card, "card_verifiable_certificate")
    if not raw:
        return
    stored = state.keys.get(KeyReference.SECURE_MESSAGING)
    try:
        certificate = CardVerifiableCertificate.from_bytes(raw)
    except CardVerifiableCertificateError as error:
        raise ImageContentError(str(error)) from error
    if (
        stored is None
        or certificate.role is not Role.CARD_APPLICATION
        or load_key(stored.material).public_key() != certificate.public_key
    ):
        raise ImageContentError("the card verifiable certificate is not of key 04")
    state.card_verifiable_certificate = raw


def _serial(card: dict[str, Any], personality: Personality) -> int | None:
    if personality is not Personality.YUBIKEY:
        return None
    serial = _field(card, "serial", int)
    if serial not in _SERIALS:
        raise ImageContentError(f"no YubiKey has the serial number {serial}")
    return serial


def _symmetric_card_key(entry: dict[str, Any]) -> StoredKey:
    name, material = _field(entry, "algorithm", str), _bytes(entry, "material")
    algorithm = Algorithm.__members__.get(name)
    if algorithm is None or MANAGEMENT_KEY_BYTES.get(algorithm) != len(material):
        raise ImageContentError(f"the symmetric card authentication key is none of {name!a}")
    return StoredKey(algorithm, material)


def _key(reference: int, entry: dict[str, Any], kept: _Kept) -> StoredKey:
    name = _field(entry, "algorithm", str)
    material = _bytes(entry, "material")
    algorithm = kept.algorithms.get(name)
    if reference in RETIRED_KEYS and name == VendorAlgorithm.RSA1024.name:
        algorithm = VendorAlgorithm.RSA1024
    if algorithm is None:
        raise ImageContentError(f"key {reference:02X} has an unknown algorithm {name!a}")
    if reference == KeyReference.MANAGEMENT:
        fits = len(material) == MANAGEMENT_KEY_BYTES.get(algorithm)
    else:
        try:
            fits = algorithm_of_key(load_key(material)) is algorithm
            if reference == KeyReference.SECURE_MESSAGING:
                fits = fits and algorithm in SUITES
        except (TypeError, ValueError, UnsupportedAlgorithm):
            fits = False
    if not fits:
        raise ImageContentError(f"key {reference:02X} is none of {name}")
    return StoredKey(
        algorithm,
        material,
        _member(entry, _PIN_POLICY, PinPolicy),
        _member(entry, _TOUCH_POLICY, TouchPolicy),
        _member(entry, _ORIGIN, KeyOrigin),
    )


def _member(entry: dict[str, Any], name: str, kind: type[_Member]) -> _Member | None:
    """Read an optional field that names a member of an enumeration."""
    if name not in entry:
        return None
    text = _field(entry, name, str)
    if text not in kind.__members__:
        raise ImageContentError(f"{name!a} has an unknown value {text!a}")
    return kind[text]


def _reference(text: str, entry: dict[str, Any], kept: _Kept) -> StoredReference:
    reference = StoredReference(
        _bytes(entry, "salt"),
        _bytes(entry, "digest"),
        _field(entry, "tries", int),
        _field(entry, "tries_limit", int),
    )
    if len(reference.digest) != DIGEST_BYTES:
        raise ImageContentError(f"reference data {text} has a digest of another length")
    if not 1 <= reference.tries_limit <= kept.most_tries:
        raise ImageContentError(f"reference data {text} allows {reference.tries_limit} tries")
    if not 0 <= reference.tries <= reference.tries_limit:
        raise ImageContentError(f"reference data {text} has {reference.tries} tries left")
    return reference


def _field(holder: dict[str, Any], name: str, kind: type[_Kind]) -> _Kind:
    value = holder.get(name)
    # Not isinstance: true is no number.
    if type(value) is not kind:
        raise ImageContentError(f"{name!a} is missing or has the wrong form")
    return value


def _number(text: str, known: tuple[Container[int], ...], what: str) -> int:
    number = int(text, 16) if _HEX.fullmatch(text) else -1
    # The second test refuses a second spelling, which would hide the first.
    if not any(number in those for those in known) or _hex(number) != text:
        raise ImageContentError(f"there is no {what} {text!a}")
    return number


def _hex(number: int) -> str:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big").hex().upper()


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _bytes(holder: dict[str, Any], name: str) -> bytes:
    try:
        return b64decode(_field(holder, name, str), validate=True)
    except ValueError as error:
        raise ImageContentError(f"{name!a} is no Base64") from error
