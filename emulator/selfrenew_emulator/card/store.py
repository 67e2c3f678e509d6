# SPDX-License-Identifier: Apache-2.0
"""The card's EEPROM: what survives the loss of power, changed in transactions.

A command does all its checks before its first write. What it wrote is committed as one when it
has ended well, and is gone when it has not; only a retry counter is committed ahead of the
comparison it guards, so that pulling the card cannot save a try.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .interface import Interfaces
from .personality import Personality
from .vendor import KeyAlgorithm, KeyOrigin, PinPolicy, TouchPolicy

TRIES_MAX = 15
"""As many as 63Cx can tell."""
CONTACTLESS_RESERVE = 1
DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key: PKCS #8 DER for a key pair, the key's own bytes for a symmetric one.

    Policies and origin are None where a card keeps none.
    """

    algorithm: KeyAlgorithm
    material: bytes = field(repr=False)
    pin_policy: PinPolicy | None = None
    touch_policy: TouchPolicy | None = None
    origin: KeyOrigin | None = None


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A PIN or PUK as a salted digest of its eight bytes, with its tries."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    tries: int
    tries_limit: int

    @classmethod
    def of(cls, value: bytes, salt: bytes, tries_limit: int) -> "StoredReference":
        """Digest a value, with all its tries left."""
        return cls(salt, _digest(salt, value), tries_limit, tries_limit)

    def matches(self, value: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest, _digest(self.salt, value))

    def with_tries(self, tries: int) -> "StoredReference":
        """Give the same reference data with another counter."""
        return replace(self, tries=tries)


def _digest(salt: bytes, value: bytes) -> bytes:
    return hashlib.sha256(salt + value).digest()


@dataclass(slots=True)
class CardState:
    """All that a card keeps; objects are keyed by tag, keys and references by their numbers."""

    personality: Personality
    allow_tdes: bool = False
    objects: dict[int, bytes] = field(default_factory=dict)
    keys: dict[int, StoredKey] = field(default_factory=dict)
    references: dict[int, StoredReference] = field(default_factory=dict)
    interfaces: Interfaces = Interfaces.CONTACT
    contactless_reserve: int = CONTACTLESS_RESERVE
    """The issuer-specified intermediate retry value (Part 2, 3.2.1): tries kept from the air."""
    card_verifiable_certificate: bytes = b""
    """The secure messaging CVC of key 04; empty until it is loaded."""
    symmetric_card_authentication_key: StoredKey | None = None
    """The key that shares 9E with a key pair (Part 1, 5.1)."""
    serial: int | None = None
    """What a YubiKey tells as its serial number."""


CommitHook = Callable[[CardState], None]
"""Called with the new state before it counts; raising leaves the old one."""


class Store:
    """Transactions on a card's state."""

    def __init__(self, state: CardState, on_commit: CommitHook | None = None) -> None:
        self._state = state
        self._pending: CardState | None = None
        self.on_commit = on_commit

    @property
    def state(self) -> CardState:
        """The state as this transaction sees it. Read only: the put methods write."""
        return self._pending or self._state

    @property
    def committed(self) -> CardState:
        """The state that a loss of power would leave. Read only."""
        return self._state

    @property
    def writing(self) -> bool:
        """Whether there are writes that are not committed."""
        return self._pending is not None

    def put_object(self, tag: int, content: bytes) -> None:
        """Replace a data object; one of zero length is there all the same."""
        self._writable().objects[tag] = content

    def remove_object(self, tag: int) -> None:
        """Remove a data object, if there is one."""
        self._writable().objects.pop(tag, None)

    def put_key(self, reference: int, key: StoredKey) -> None:
        """Replace a key."""
        self._writable().keys[reference] = key

    def put_card_verifiable_certificate(self, certificate: bytes) -> None:
        """Replace the secure messaging CVC; empty bytes remove it.

        No command of the standard does that: a card office loads it in its own way.
        """
        self._writable().card_verifiable_certificate = certificate

    def remove_key(self, reference: int) -> None:
        """Remove a key, if there is one."""
        self._writable().keys.pop(reference, None)

    def put_reference(self, qualifier: int, reference: StoredReference) -> None:
        """Replace a PIN or PUK, or its counter."""
        self._writable().references[qualifier] = reference

    def replace_state(self, state: CardState) -> None:
        """Take over, and commit, all that happened to the card while it was elsewhere."""
        self._pending = state
        self.commit()

    def commit(self) -> None:
        """Make the pending writes count, all or, where the hook raises, none."""
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        if self.on_commit is not None:
            self.on_commit(pending)
        self._state = pending

    def rollback(self) -> None:
        """Forget the pending writes."""
        self._pending = None

    def _writable(self) -> CardState:
        if self._pending is None:
            state = self._state
            self._pending = replace(
                state,
                objects=dict(state.objects),
                keys=dict(state.keys),
                references=dict(state.references),
            )
        return self._pending
