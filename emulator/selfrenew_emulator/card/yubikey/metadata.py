# SPDX-License-Identifier: Apache-2.0
"""GET METADATA: what a YubiKey tells of its keys, PIN and PUK without any authentication."""

from selfrenew.iso7816 import CommandApdu, StatusWord, Tlv
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card.keys import load_key, public_key_fields
from selfrenew_emulator.card.refusal import CommandRefusedError
from selfrenew_emulator.card.store import Store, StoredKey
from selfrenew_emulator.card.vendor import KeyOrigin, PinPolicy

from .factory import DEFAULT_MANAGEMENT_KEY, DEFAULT_PIN, DEFAULT_PUK
from .policies import pin_policy, touch_policy

_ALGORITHM, _POLICIES, _ORIGIN, _PUBLIC_KEY, _IS_DEFAULT, _RETRIES = range(1, 7)
_NO_KEY = 0xFF
"""What stands for the algorithm of a PIN."""
_DEFAULTS = {
    ReferenceDataQualifier.APPLICATION_PIN: DEFAULT_PIN.ljust(8, b"\xff"),
    ReferenceDataQualifier.PUK: DEFAULT_PUK.ljust(8, b"\xff"),
}


class Metadata:
    """The telling side of a card."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, command: CommandApdu) -> bytes:
        """Tell of what P2 names; the biometric reference (96) is not found, this is no Bio."""
        if command.p1:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if command.p2 in _DEFAULTS:
            return self._of_reference(command.p2)
        stored = self._store.state.keys.get(command.p2)
        if stored is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if command.p2 == KeyReference.MANAGEMENT:
            return _of_management_key(stored)
        return _of_key_pair(command.p2, stored)

    def _of_reference(self, qualifier: int) -> bytes:
        reference = self._store.state.references[qualifier]
        default = reference.matches(_DEFAULTS[ReferenceDataQualifier(qualifier)])
        return _fields(
            (_ALGORITHM, bytes((_NO_KEY,))),
            (_IS_DEFAULT, bytes((default,))),
            (_RETRIES, bytes((reference.tries_limit, reference.tries))),
        )


def _of_management_key(stored: StoredKey) -> bytes:
    return _fields(
        (_ALGORITHM, bytes((stored.algorithm,))),
        (_POLICIES, bytes((PinPolicy.DEFAULT, touch_policy(stored)))),
        (_IS_DEFAULT, bytes((stored.material == DEFAULT_MANAGEMENT_KEY,))),
    )


def _of_key_pair(reference: int, stored: StoredKey) -> bytes:
    return _fields(
        (_ALGORITHM, bytes((stored.algorithm,))),
        (_POLICIES, bytes((pin_policy(reference, stored), touch_policy(stored)))),
        (_ORIGIN, bytes((stored.origin or KeyOrigin.GENERATED,))),
        (_PUBLIC_KEY, public_key_fields(load_key(stored.material))),
    )


def _fields(*fields: tuple[int, bytes]) -> bytes:
    return b"".join(bytes(Tlv(tag, value)) for tag, value in fields)
