# SPDX-License-Identifier: Apache-2.0
"""What a card and a CA hold, judged without a line of the reference or of the emulator.

It takes a card image (its format is in docs/card-image.md) and the rows of the CA's store, and
reads them with `json`, `hashlib` and `cryptography` alone, so that a mistake of the programs under
test is not checked by itself.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SLOTS = {"authentication": ("9A", "5FC105"), "signing": ("9C", "5FC10A")}
"""Each slot's key reference and the tag of its certificate, as a card image writes them."""
_PIN, _PUK, _MANAGEMENT = "80", "81", "9B"
_CERTIFICATE, _REFERENCE_BYTES = 0x70, 8


@dataclass(frozen=True, slots=True)
class Issued:
    """A row of the CA's store."""

    profile: str
    state: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificates are looked for, and who may have issued them."""

    subject: x509.Name
    issuers: tuple[x509.Certificate, ...]

    def owns(self, certificate: x509.Certificate) -> bool:
        """Tell whether it is a person's, this one's, signed by one of the issuers."""
        return (
            certificate.subject == self.subject
            and not _is_a_ca(certificate)
            and any(_is_by(certificate, issuer) for issuer in self.issuers)
        )


@dataclass(frozen=True, slots=True)
class SlotFound:
    """A slot's public key and its certificate, None where there is none that can be read."""

    public_key: bytes | None
    certificate: x509.Certificate | None
    written: bool
    """Whether its object holds anything at all."""

    @property
    def goes_together(self) -> bool:
        """Whether the certificate is of this very key."""
        return (
            self.certificate is not None
            and self.public_key is not None
            and _public_bytes_of(self.certificate) == self.public_key
        )


class CardFound:
    """A card image, read by its documented format."""

    def __init__(self, image: Mapping[str, Any]) -> None:
        self._image = image
        self.slots = {
            name: SlotFound(
                _public_key(image["keys"].get(key)),
                _certificate(image["objects"].get(tag)),
                bool(image["objects"].get(tag)),
            )
            for name, (key, tag) in SLOTS.items()
        }

    @property
    def pin_tries(self) -> tuple[int, int]:
        """The tries that the passcode has left, and how many there are."""
        return self._tries(_PIN)

    @property
    def puk_tries(self) -> tuple[int, int]:
        """The tries that the unlocking key has left, and how many there are."""
        return self._tries(_PUK)

    @property
    def management_key(self) -> str:
        """The management key, to compare."""
        return str(self._image["keys"][_MANAGEMENT]["material"])

    @property
    def other_objects(self) -> dict[str, str]:
        """All objects but the two certificates, to compare."""
        tags = {tag for _, tag in SLOTS.values()}
        return {tag: value for tag, value in self._image["objects"].items() if tag not in tags}

    @property
    def other_keys(self) -> dict[str, object]:
        """All keys but those of the two slots, to compare."""
        slots = {key for key, _ in SLOTS.values()}
        return {key: entry for key, entry in self._image["keys"].items() if key not in slots}

    @property
    def reference_data(self) -> dict[str, object]:
        """What passcode and unlocking key are, without their tries, to compare."""
        references = self._image["references"]
        return {each: references[each]["digest"] for each in (_PIN, _PUK)}

    def takes_pin(self, pin: str) -> bool:
        """Tell whether this is the passcode."""
        return self._matches(_PIN, pin)

    def takes_puk(self, puk: str) -> bool:
        """Tell whether this is the unlocking key."""
        return self._matches(_PUK, puk)

    def usable(self, issued: Iterable[Issued], now: datetime, holder: Holder) -> set[str]:
        """Name the slots whose key has a certificate of the holder that counts at this moment."""
        valid = {(each.profile, each.certificate) for each in issued if each.state == "valid"}
        return {
            name
            for name, slot in self.slots.items()
            if slot.goes_together
            and slot.certificate is not None
            and (name, slot.certificate.public_bytes(Encoding.DER)) in valid
            and holder.owns(slot.certificate)
            and slot.certificate.not_valid_before_utc <= now
            and now <= slot.certificate.not_valid_after_utc
        }

    def lacks(self, name: str, now: datetime) -> str:
        """Name what keeps a slot from vouching, in the words that people are told it by.

        What the card does not show, the services alone know: that they do not accept it.
        """
        slot = self.slots[name]
        if not slot.written:
            return "missing"
        if slot.certificate is None:
            return "corrupt"
        if not slot.goes_together:
            return "mismatched"
        return "expired" if slot.certificate.not_valid_after_utc < now else "not accepted"

    def _tries(self, qualifier: str) -> tuple[int, int]:
        reference = self._image["references"][qualifier]
        return reference["tries"], reference["tries_limit"]

    def _matches(self, qualifier: str, value: str) -> bool:
        reference = self._image["references"][qualifier]
        padded = value.encode().ljust(_REFERENCE_BYTES, b"\xff")
        digest = hashlib.sha256(base64.b64decode(reference["salt"]) + padded).digest()
        return digest == base64.b64decode(reference["digest"])


def on_no_card(
    card: CardFound,
    before: Iterable[Issued],
    now: Iterable[Issued],
    taken: Iterable[bytes] = (),
) -> str | None:
    """Name a certificate that has begun to count and is not on the card.

    To confirm one is to tell the CA that it is in its place; the old one counts no more from then.
    `taken` are those that were there, and that somebody else has taken since.
    """
    known = {each.certificate for each in before if each.state == "valid"} | set(taken)
    held = {
        slot.certificate.public_bytes(Encoding.DER)
        for slot in card.slots.values()
        if slot.certificate is not None
    }
    for each in now:
        if each.state == "valid" and each.certificate not in known | held:
            return each.profile
    return None


def live_mismatch(card: CardFound, issued: Iterable[Issued]) -> str | None:
    """Say how CA and card differ: each slot's certificate is its profile's only live one."""
    rows = list(issued)
    for profile, slot in card.slots.items():
        live = [row for row in rows if row.profile == profile and row.state in {"valid", "pending"}]
        if len(live) != 1:
            states = ", ".join(row.state for row in live) or "none"
            return f"{len(live)} live {profile} certificates at the CA ({states})"
        on_card = slot.certificate
        if on_card is None or on_card.public_bytes(Encoding.DER) != live[0].certificate:
            return f"the live {profile} certificate at the CA is not the one on the card"
        if live[0].state != "valid":
            return f"the {profile} certificate is {live[0].state} at the CA"
        if not slot.goes_together:
            return f"the {profile} certificate on the card is not of the key beside it"
    return None


@lru_cache(maxsize=4096)
def _load_certificate(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
    except Exception:  # noqa: BLE001  whatever is wrong with it, it is none
        return None
    return certificate


@lru_cache(maxsize=4096)
def _is_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001  whatever is wrong with it, it is not
        return False
    return True


@lru_cache(maxsize=4096)
def _is_a_ca(certificate: x509.Certificate) -> bool:
    return any(
        isinstance(each.value, x509.BasicConstraints) and each.value.ca
        for each in certificate.extensions
    )


@lru_cache(maxsize=4096)
def _public_bytes_of(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _certificate(encoded: str | None) -> x509.Certificate | None:
    """Take the certificate out of its object: 70, then 71 with 00 for one that is not packed."""
    fields = _fields(base64.b64decode(encoded or ""))
    if fields is None or fields.get(0x71, b"\x00") != b"\x00" or _CERTIFICATE not in fields:
        return None
    return _load_certificate(fields[_CERTIFICATE])


def _fields(raw: bytes) -> dict[int, bytes] | None:
    found: dict[int, bytes] = {}
    while raw:
        if len(raw) < 2:
            return None
        tag, length, start = raw[0], raw[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(raw[2:start], "big")
        if len(raw) < start + length:
            return None
        found[tag] = raw[start : start + length]
        raw = raw[start + length :]
    return found


@lru_cache(maxsize=4096)
def _public_of_private(der: bytes) -> bytes:
    key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_key(entry: Mapping[str, str] | None) -> bytes | None:
    return None if entry is None else _public_of_private(base64.b64decode(entry["material"]))
