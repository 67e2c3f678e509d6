# SPDX-License-Identifier: Apache-2.0
"""The card image: a card's state in a JSON file, replaced whole at each committed APDU.

    {"format": "selfrenew-card-image", "version": 1, "sha256": HEX, "card": {
      "personality": "piv", "allow_tdes": BOOLEAN,
      "objects": {TAG: BASE64, ...},
      "keys": {KEY REFERENCE: {"algorithm": NAME, "material": BASE64}, ...},
      "references": {QUALIFIER: {"salt": BASE64, "digest": BASE64, "tries": N, "tries_limit": N}}}}

TAG, KEY REFERENCE and QUALIFIER are in upper-case hex. An object is what stands inside its 53 (7E
and 7F61 are kept with their own tag), a key is PKCS #8 DER or the symmetric key itself, NAME is one
of `Algorithm`. PIN and PUK are digests, SHA-256 of the salt and their eight bytes: enough not to be
read in passing, not enough to publish. `sha256` is over `card` as JSON with sorted keys, no spaces
and ASCII only. It finds damage, not malice. The file is written beside the old one, synced and
renamed over it; `.NAME.lock` beside it is locked (flock) while a reader holds the card.

CardImageError
├── CardImageMissingError  no such file
├── CardImageDamagedError  not an image, cut off, or its content is not what it was
├── CardImageVersionError  written by a newer version of this program
├── CardImageExistsError   a new image would overwrite one
└── CardImageInUseError    another process has the card inserted
"""

import fcntl
import hashlib
import json
import os
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew.piv.signatures import algorithm_of

from .authentication import MANAGEMENT_KEY_BYTES
from .keys import load_key
from .personality import Personality
from .store import CardState, StoredKey, StoredReference

FORMAT = "selfrenew-card-image"
VERSION = 1


class CardImageError(Exception):
    """A card image cannot be used."""


class CardImageMissingError(CardImageError):
    """There is no file at that path."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no card image at {path}. Make one: selfrenew-emulator card make."
        )


class CardImageDamagedError(CardImageError):
    """The file is not a whole card image."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The card image {path} is damaged: {why}. It was left as it is; restore a copy or "
            "make the card anew."
        )


class CardImageVersionError(CardImageError):
    """The image was written by a newer version."""

    def __init__(self, path: Path, version: object) -> None:
        super().__init__(
            f"The card image {path} has version {version}, this program reads version {VERSION}. "
            "Update the program."
        )


class CardImageExistsError(CardImageError):
    """A card image is there already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is a card image at {path} already; --force overwrites it.")


class CardImageInUseError(CardImageError):
    """Another process holds the image."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The card image {path} is inserted in a reader of another process. Remove it there."
        )


class CardImage:
    """A file that holds a card, locked while it is open."""

    def __init__(self, path: Path, state: CardState, lock: int) -> None:
        self.path = path
        self.state = state
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> "CardImage":
        """Lock and read an image. Raise CardImageError."""
        if not path.is_file():
            raise CardImageMissingError(path)
        lock = _lock(path)
        try:
            return cls(path, read_image(path), lock)
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def create(cls, path: Path, state: CardState, *, overwrite: bool = False) -> None:
        """Write a new image. Raise CardImageExistsError."""
        if path.exists() and not overwrite:
            raise CardImageExistsError(path)
        lock = _lock(path)
        try:
            write_image(path, state)
        finally:
            os.close(lock)

    def save(self, state: CardState) -> None:
        """Write a state in place of the last one; a crash leaves one or the other."""
        write_image(self.path, state)
        self.state = state

    def close(self) -> None:
        """Let other processes have the image."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _lock(path: Path) -> int:
    # Beside the image, since saving replaces the image's own inode.
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CardImageInUseError(path) from error
    return descriptor


def write_image(path: Path, state: CardState) -> None:
    """Write an image so that a reader sees the old one or the new one, never a part."""
    card = _encode(state)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": _checksum(card),
        "card": card,
    }
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(document) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_image(path: Path) -> CardState:
    """Read an image without locking it. Raise CardImageError."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CardImageMissingError(path) from error
    except (ValueError, RecursionError) as error:
        raise CardImageDamagedError(path, "it is cut off or no JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CardImageDamagedError(path, "it is no card image")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise CardImageDamagedError(path, "its version is no number")
    if version > VERSION:
        raise CardImageVersionError(path, version)
    card = document.get("card")
    if not isinstance(card, dict) or document.get("sha256") != _checksum(card):
        raise CardImageDamagedError(path, "its checksum does not match its content")
    try:
        state = _decode(card)
    except KeyError as error:
        raise CardImageDamagedError(path, f"{error.args[0]} is missing or unknown") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise CardImageDamagedError(path, "a field has the wrong form") from error
    flaw = _flaw(state)
    if flaw is not None:
        raise CardImageDamagedError(path, flaw)
    return state


def _checksum(card: object) -> str:
    canonical = json.dumps(card, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _encode(state: CardState) -> dict[str, Any]:
    return {
        "personality": state.personality.value,
        "allow_tdes": state.allow_tdes,
        "objects": {f"{tag:X}": _text(content) for tag, content in state.objects.items()},
        "keys": {
            f"{reference:02X}": {"algorithm": key.algorithm.name, "material": _text(key.material)}
            for reference, key in state.keys.items()
        },
        "references": {
            f"{qualifier:02X}": {
                "salt": _text(reference.salt),
                "digest": _text(reference.digest),
                "tries": reference.tries,
                "tries_limit": reference.tries_limit,
            }
            for qualifier, reference in state.references.items()
        },
    }


def _decode(card: dict[str, Any]) -> CardState:
    return CardState(
        Personality(card["personality"]),
        bool(card["allow_tdes"]),
        {int(tag, 16): _bytes(content) for tag, content in card["objects"].items()},
        {
            int(reference, 16): StoredKey(Algorithm[key["algorithm"]], _bytes(key["material"]))
            for reference, key in card["keys"].items()
        },
        {
            int(qualifier, 16): StoredReference(
                _bytes(entry["salt"]),
                _bytes(entry["digest"]),
                int(entry["tries"]),
                int(entry["tries_limit"]),
            )
            for qualifier, entry in card["references"].items()
        },
    )


def _flaw(state: CardState) -> str | None:
    """Say why a card could not work with a state; None where it can."""
    for needed in (ReferenceDataQualifier.APPLICATION_PIN, ReferenceDataQualifier.PUK):
        if needed not in state.references:
            return f"reference data {needed:02X} is missing"
    for qualifier, reference in state.references.items():
        if not 0 <= reference.tries <= reference.tries_limit:
            return f"reference data {qualifier:02X} has {reference.tries} tries"
    management = state.keys.get(KeyReference.MANAGEMENT)
    if management is None or len(management.material) != MANAGEMENT_KEY_BYTES.get(
        management.algorithm
    ):
        return "the management key is missing or has the wrong length"
    for number, key in state.keys.items():
        if number == KeyReference.MANAGEMENT:
            continue
        try:
            fits = algorithm_of(load_key(key.material).public_key()) is key.algorithm
        except (ValueError, TypeError):
            fits = False
        if not fits:
            return f"key {number:02X} is none of {key.algorithm.name}"
    return None


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _bytes(value: str) -> bytes:
    return b64decode(value, validate=True)
