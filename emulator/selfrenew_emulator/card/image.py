# SPDX-License-Identifier: Apache-2.0
"""The card image: a card's state in a JSON file, replaced whole at each committed APDU.

    {"format": "selfrenew-card-image", "version": 1, "sha256": HEX, "card": {
      "personality": "piv" or "yubikey", "allow_tdes": BOOLEAN, "serial": N,
      "objects": {TAG: BASE64, ...},
      "keys": {KEY REFERENCE: {"algorithm": NAME, "material": BASE64,
        "pin_policy": NAME, "touch_policy": NAME, "origin": NAME}, ...},
      "references": {QUALIFIER: {"salt": BASE64, "digest": BASE64, "tries": N, "tries_limit": N}},
      "interfaces": "dual", "contactless_reserve": N, "card_verifiable_certificate": BASE64}}

TAG, KEY REFERENCE and QUALIFIER are in upper-case hex. An object is what stands inside its 53 (7E
and 7F61 are kept with their own tag), a key is PKCS #8 DER or the symmetric key itself, NAME is one
of `Algorithm`, for a YubiKey also of `VendorAlgorithm`. Serial number, policies and origin are a
YubiKey's, and where the last three are absent a key has its slot's usual ones. PIN and PUK are
digests, SHA-256 of the salt and their eight bytes: enough not to be read in passing, not enough to
publish. The last three fields are left out, as older images leave them out, where the card has
contacts alone, keeps one try from the air and has no CVC. `sha256` is over `card` as JSON with
sorted keys, no spaces and ASCII only. It finds damage, not malice. The file is written beside the
old one, synced and renamed over it; `.NAME.lock` beside it is locked (flock) while a reader holds
the card. A link is followed first, so that all who reach a card by whatever name share one file and
one lock.

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
from glob import escape
from pathlib import Path

from .image_content import ImageContentError, decode, encode
from .store import CardState

FORMAT = "selfrenew-card-image"
VERSION = 1
_UNFINISHED = ".unfinished"


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
        """Lock and read an image. Raise CardImageError, or OSError where access is denied."""
        if not path.is_file():
            raise CardImageMissingError(path)
        path = _target(path)
        lock = _lock(path)
        try:
            state = read_image(path)
            _sweep(path)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, state, lock)

    @classmethod
    def create(cls, path: Path, state: CardState, *, overwrite: bool = False) -> None:
        """Write a new image. Raise CardImageExistsError."""
        if path.exists() and not overwrite:
            raise CardImageExistsError(path)
        path = _target(path)
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


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _sweep(path: Path) -> None:
    """Remove what a process left that was killed while writing; call it under the lock."""
    for left in path.parent.glob(f".{escape(path.name)}.*{_UNFINISHED}"):
        left.unlink(missing_ok=True)


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
    card = encode(state)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": _checksum(card),
        "card": card,
    }
    descriptor, name = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
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
        return decode(card)
    except ImageContentError as error:
        raise CardImageDamagedError(path, str(error)) from error


def _checksum(card: object) -> str:
    canonical = json.dumps(card, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
