# SPDX-License-Identifier: Apache-2.0
"""A card whose memory is not what its holder thinks: its certificates and keys.

They change the memory itself at their moment, and the card answers by its own rules from then on.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.iso7816 import Instruction, StatusWord, Tlv
from selfrenew.piv import CertificateObject, DataObject, KeyReference
from selfrenew_emulator.card import (
    Card,
    CardKey,
    PrivateKey,
    Tear,
    generate_any,
    load_key,
    store_key,
)

from .errors import NothingToStrikeError
from .fault import Fault, FaultTarget
from .moment import AT_A_COMMAND, Moment, Phase, moment_parameters, one_of
from .scene import Scene

_KIND, _OF, _KEY = "kind", "of", "key"
_BEFORE = (Phase.BEFORE,)
_NOW = Moment(Phase.BEFORE)
_SLOTS = {
    f"{key:02x}": key for key in (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)
}
_SIGNING = f"{KeyReference.DIGITAL_SIGNATURE:02x}"
# More than a data object's certificate may unfold to.
_TOO_LARGE_BYTES = 70_000
_TERM = timedelta(days=700)


@dataclass(frozen=True, slots=True)
class WrongCertificate:
    """A slot's certificate object is missing, corrupt, too large, or of another person."""

    moment: Moment
    slot: KeyReference
    kind: str

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "WrongCertificate":
        """Read an order's parameters. Raise ValueError."""
        return cls(
            Moment.read(parameters, _BEFORE, _NOW),
            _SLOTS[one_of(parameters, _OF, _SLOTS, _SIGNING)],
            one_of(parameters, _KIND, _CONTENTS, next(iter(_CONTENTS))),
        )

    def play(self, scene: Scene) -> bytes:
        """Change the object, and carry the command out."""
        card = scene.card
        tag = DataObject.certificate_of(self.slot).tag
        content = _CONTENTS[self.kind](card, self.slot)
        if content:
            card.store.put_object(tag, content)
        else:
            card.store.remove_object(tag)
        card.store.commit()
        return scene.go_on()


@dataclass(frozen=True, slots=True)
class MismatchedKey:
    """A slot's key is another one than its certificate's, as an interrupted tool leaves it."""

    moment: Moment
    slot: KeyReference

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "MismatchedKey":
        """Read an order's parameters. Raise ValueError."""
        slot = _SLOTS[one_of(parameters, _OF, _SLOTS, _SIGNING)]
        return cls(Moment.read(parameters, _BEFORE, _NOW), slot)

    def play(self, scene: Scene) -> bytes:
        """Exchange the key, and carry the command out."""
        store = scene.card.store
        stored = store.state.keys.get(self.slot)
        if stored is None:
            raise NothingToStrikeError(f"the card has no key {self.slot:02X}")
        other = store_key(stored.algorithm, generate_any(stored.algorithm))
        store.put_key(self.slot, replace(stored, material=other.material))
        store.commit()
        return scene.go_on()


@dataclass(frozen=True, slots=True)
class FailedGeneration:
    """The card makes no key; the old one is gone, or was kept."""

    moment: Moment
    key_is_gone: bool

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "FailedGeneration":
        """Read an order's parameters. Raise ValueError."""
        usual = Moment(Phase.BEFORE, Instruction.GENERATE_ASYMMETRIC_KEY_PAIR)
        kept = one_of(parameters, _KEY, ("gone", "kept"), "gone") == "kept"
        return cls(Moment.read(parameters, _BEFORE, usual), not kept)

    def play(self, scene: Scene) -> bytes:
        """Refuse, with or without the old key."""
        if self.key_is_gone:
            scene.card.fail_within(scene.command, Tear.EMPTY)
        return int(StatusWord.NO_PRECISE_DIAGNOSIS).to_bytes(2, "big")


def _missing(_card: Card, _slot: KeyReference) -> bytes:
    return b""


def _corrupt(card: Card, slot: KeyReference) -> bytes:
    """Leave out the middle, so that no length in it is right."""
    content = card.state.objects.get(DataObject.certificate_of(slot).tag, b"")
    third = len(content) // 3
    return content[:third] + content[2 * third :] if third else b"\x70\x03cut"


def _too_large(_card: Card, _slot: KeyReference) -> bytes:
    packed = gzip.compress(bytes(_TOO_LARGE_BYTES), mtime=0)
    return bytes(Tlv(0x70, packed)) + bytes(Tlv(0x71, b"\x01")) + bytes(Tlv(0xFE, b""))


def _of_another(card: Card, slot: KeyReference) -> bytes:
    """Certify the slot's own key for somebody else, which no issuer of ours did."""
    stored = card.state.keys.get(slot)
    if stored is None:
        raise NothingToStrikeError(f"the card has no key {slot:02X}")
    key = load_key(stored.material)
    now = _begin_of(card, slot)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Another Person")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _TERM)
        .sign(_signer(key), _digest(key))
    )
    return bytes(CertificateObject(certificate.public_bytes(Encoding.DER)))


def _begin_of(card: Card, slot: KeyReference) -> datetime:
    """Take the beginning of what is there, so that the other one is valid as well."""
    try:
        content = card.state.objects[DataObject.certificate_of(slot).tag]
        der = CertificateObject.from_bytes(content).certificate_der
        return x509.load_der_x509_certificate(der).not_valid_before_utc
    except (KeyError, ValueError):
        return datetime.now(UTC)


def _signer(key: CardKey) -> PrivateKey | ed25519.Ed25519PrivateKey:
    if isinstance(key, x25519.X25519PrivateKey):
        raise NothingToStrikeError("a key that agrees cannot sign a certificate")
    return key


def _digest(key: CardKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


_CONTENTS: Mapping[str, Callable[[Card, KeyReference], bytes]] = {
    "corrupt": _corrupt,
    "missing": _missing,
    "too-large": _too_large,
    "anothers": _of_another,
}
_WHEN = moment_parameters(*_BEFORE)
CONTENTS = (
    Fault(
        "card.certificate",
        FaultTarget.CARD,
        "Other tools write into the same card: a certificate is gone, damaged, unfolds to more "
        "than a card holds, or names somebody else.",
        "Takes it for a slot to be done again where the other one vouches, and names the "
        "Registration Authority where nothing does.",
        WrongCertificate.read,
        (*_WHEN, _OF, _KIND),
        times=1,
        trigger=AT_A_COMMAND,
    ),
    Fault(
        "card.mismatched",
        FaultTarget.CARD,
        "A tool made a new key and never wrote its certificate; both are there and do not go "
        "together.",
        "Has each key sign before it trusts it, and does the slot again.",
        MismatchedKey.read,
        (*_WHEN, _OF),
        times=1,
        trigger=AT_A_COMMAND,
    ),
    Fault(
        "card.generation-failed",
        FaultTarget.CARD,
        "A card finds no primes in time, or its random source fails its test; some have erased the "
        "old key by then.",
        "Says that the card made no key, and does the slot again, the other one vouching.",
        FailedGeneration.read,
        (*_WHEN, _KEY),
        times=1,
        trigger=AT_A_COMMAND,
    ),
)
