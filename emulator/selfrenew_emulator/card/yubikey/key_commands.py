# SPDX-License-Identifier: Apache-2.0
"""The commands that use, make, import, move and delete keys, as a YubiKey has them."""

import logging
from dataclasses import replace

from selfrenew.iso7816 import CommandApdu, StatusWord, TlvFormatError, parse_tlvs
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.card import keys
from selfrenew_emulator.card.access import EC_BITS, RSA_BITS, AccessRule
from selfrenew_emulator.card.authentication import (
    MECHANISM_TEMPLATE,
    KeyCommands,
    parse_template,
    take_mechanism,
)
from selfrenew_emulator.card.refusal import CommandRefusedError, incorrect_data
from selfrenew_emulator.card.store import StoredKey
from selfrenew_emulator.card.symmetric_authentication import MANAGEMENT_KEY_BYTES
from selfrenew_emulator.card.vendor import (
    ATTESTATION_KEY,
    KeyAlgorithm,
    KeyOrigin,
    TouchPolicy,
    VendorAlgorithm,
)

from .import_key import private_key
from .policies import SLOTS, access_rule, take_policies

_log = logging.getLogger(__name__)

_KEY_PAIRS = SLOTS | {ATTESTATION_KEY}
_ALGORITHMS: dict[int, KeyAlgorithm] = {
    **{int(algorithm): algorithm for algorithm in (*RSA_BITS, *EC_BITS)},
    **{int(algorithm): algorithm for algorithm in VendorAlgorithm},
}
_CHALLENGE, _EXPONENTIATION = 0x81, 0x85
_DELETE = 0xFF
_TOUCH_OF_P2 = {
    0xFF: TouchPolicy.NEVER,
    0xFE: TouchPolicy.ALWAYS,
    0xFD: TouchPolicy.CACHED,
}


class YubiKeyKeyCommands(KeyCommands):
    """The commands about keys."""

    def generate(self, command: CommandApdu) -> bytes:
        """Make a key pair with its policies, in a retired slot too."""
        if command.p1:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        _check_slot(command.p2)
        self._security.require_management()
        fields = parse_template(command.data, MECHANISM_TEMPLATE)
        pin, touch = take_policies(command.p2, fields)
        algorithm = _ALGORITHMS.get(take_mechanism(fields))
        if algorithm is None or fields:
            raise incorrect_data()
        # A key source is handed the standard's algorithms alone, for which it may keep a pool.
        key: keys.CardKey
        if isinstance(algorithm, VendorAlgorithm):
            key = keys.generate_any(algorithm)
        else:
            key = self._key_source(algorithm)
        made = keys.store_key(algorithm, key)
        self._store.put_key(
            command.p2,
            replace(made, pin_policy=pin, touch_policy=touch, origin=KeyOrigin.GENERATED),
        )
        return keys.public_key_template(key)

    def import_key(self, command: CommandApdu) -> bytes:
        """Take a key pair from outside; P1 names its algorithm."""
        algorithm = _ALGORITHMS.get(command.p1)
        if algorithm is None:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        _check_slot(command.p2)
        self._security.require_management()
        try:
            tlvs = parse_tlvs(command.data)
        except TlvFormatError as error:
            raise incorrect_data() from error
        fields = {tlv.tag: tlv.value for tlv in tlvs}
        if len(fields) != len(tlvs):
            raise incorrect_data()
        pin, touch = take_policies(command.p2, fields)
        try:
            key = private_key(algorithm, fields)
        except ValueError as error:
            _log.debug("key %02X refuses what was to be imported", command.p2)
            raise incorrect_data() from error
        made = keys.store_key(algorithm, key)
        self._store.put_key(
            command.p2,
            replace(made, pin_policy=pin, touch_policy=touch, origin=KeyOrigin.IMPORTED),
        )
        return b""

    def move(self, command: CommandApdu) -> bytes:
        """Move a key from P2 to P1, which must be empty, or delete it where P1 is FF.

        The key keeps its policies and its origin. The attestation key can only be deleted.
        """
        target, source = command.p1, command.p2
        if source not in _KEY_PAIRS:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if target != _DELETE and (target not in SLOTS or source == ATTESTATION_KEY):
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self._security.require_management()
        stored = self._store.state.keys.get(source)
        if stored is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if target in self._store.state.keys:
            # Clients tell by 6A80 that the place is taken.
            raise incorrect_data()
        self._store.remove_key(source)
        if target != _DELETE:
            self._store.put_key(target, stored)
        return b""

    def set_management_key(self, command: CommandApdu) -> bytes:
        """Replace the management key; P2 tells whether its use takes a touch."""
        touch = _TOUCH_OF_P2.get(command.p2)
        if command.p1 != 0xFF or touch is None:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self._security.require_management()
        head, key = command.data[:3], command.data[3:]
        algorithm = next(
            (each for each in MANAGEMENT_KEY_BYTES if head[:1] == bytes((each,))), None
        )
        if algorithm is None or head[1:] != bytes((KeyReference.MANAGEMENT, len(key) & 0xFF)):
            raise incorrect_data()
        if len(key) != MANAGEMENT_KEY_BYTES[algorithm]:
            raise incorrect_data()
        self._store.put_key(KeyReference.MANAGEMENT, StoredKey(algorithm, key, touch_policy=touch))
        return b""

    def _rule(self, reference: int, stored: StoredKey) -> AccessRule:
        return access_rule(reference, stored)

    def _key(self, algorithm: int, reference: int) -> StoredKey:
        # Clients tell by 6A80 that a slot has no key, or one of another algorithm.
        try:
            stored = super()._key(algorithm, reference)
        except CommandRefusedError as error:
            raise incorrect_data() from error
        if reference == ATTESTATION_KEY:
            # It would sign anything that then passed for an attestation.
            raise incorrect_data()
        return stored

    def _use_key_pair(self, reference: int, stored: StoredKey, template: dict[int, bytes]) -> bytes:  # noqa: ARG002
        """Sign, decipher or agree: the template says which, whatever the slot is meant for."""
        challenge, point = template.get(_CHALLENGE), template.get(_EXPONENTIATION)
        if stored.algorithm in EC_BITS:
            if challenge is not None:
                return keys.sign_ecdsa(stored, challenge)
            if point is not None:
                return keys.agree_ecdh(stored, point)
        elif stored.algorithm is VendorAlgorithm.X25519:
            if point is not None:
                return keys.agree_x25519(stored, point)
        elif challenge is not None:
            if stored.algorithm is VendorAlgorithm.ED25519:
                return keys.sign_ed25519(stored, challenge)
            return keys.use_rsa(stored, challenge)
        raise incorrect_data()


def _check_slot(reference: int) -> None:
    # Clients tell by 6B00, and by no other status, that a key cannot be there.
    if reference not in _KEY_PAIRS:
        raise CommandRefusedError(StatusWord.WRONG_PARAMETERS)
