# SPDX-License-Identifier: Apache-2.0
"""RESET: back to what left the factory, allowed where PIN and PUK are both blocked."""

from collections.abc import Callable

from selfrenew.iso7816 import CommandApdu, StatusWord
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card.refusal import CommandRefusedError
from selfrenew_emulator.card.security import SecurityStatus
from selfrenew_emulator.card.store import Store, StoredKey
from selfrenew_emulator.card.vendor import ATTESTATION_CERTIFICATE, ATTESTATION_KEY, TouchPolicy

from .factory import DEFAULT_MANAGEMENT_KEY

_TRIES = 3
_KEPT_OBJECTS = frozenset({DataObject.DISCOVERY.tag, ATTESTATION_CERTIFICATE})


class Reset:
    """The command that forgets all but the serial number and what attests."""

    def __init__(
        self, store: Store, security: SecurityStatus, set_defaults: Callable[[int, int], None]
    ) -> None:
        self._store = store
        self._security = security
        self._set_defaults = set_defaults

    def reset(self, command: CommandApdu) -> bytes:
        """Remove every object and key and give the secrets their default values."""
        if command.p1 or command.p2:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        state = self._store.state
        blockable = (ReferenceDataQualifier.APPLICATION_PIN, ReferenceDataQualifier.PUK)
        if any(state.references[qualifier].tries for qualifier in blockable):
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        for tag in set(state.objects) - _KEPT_OBJECTS:
            self._store.remove_object(tag)
        for reference in set(state.keys) - {ATTESTATION_KEY}:
            self._store.remove_key(reference)
        self._store.put_key(
            KeyReference.MANAGEMENT,
            StoredKey(Algorithm.AES192, DEFAULT_MANAGEMENT_KEY, touch_policy=TouchPolicy.NEVER),
        )
        self._set_defaults(_TRIES, _TRIES)
        self._security.clear()
        return b""
