# SPDX-License-Identifier: Apache-2.0
"""PIN and PUK of a YubiKey: any ASCII characters, and a number of tries of the owner's choice.

Whatever eight bytes are shown cost a try: that is how clients block both before a reset. What may
be chosen, and the status words, are those of the Yubico SDK manual ("The PIV PIN, PUK, and
management key"; "Change reference data").
"""

from selfrenew.iso7816 import CommandApdu, StatusWord
from selfrenew.piv.references import ReferenceDataQualifier
from selfrenew_emulator.card.access import AccessRule
from selfrenew_emulator.card.references import ReferenceCommands
from selfrenew_emulator.card.refusal import CommandRefusedError
from selfrenew_emulator.card.store import StoredReference

from .factory import DEFAULT_PIN, DEFAULT_PUK

_SIZE = 8
_SHORTEST = 6
_PIN = ReferenceDataQualifier.APPLICATION_PIN
_PUK = ReferenceDataQualifier.PUK


class YubiKeyReferences(ReferenceCommands):
    """The commands about PIN and PUK."""

    def change(self, command: CommandApdu) -> bytes:
        """Replace the PIN or the PUK with proof of the old one; P1 is told of as P2 is."""
        if command.p1:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return super().change(command)

    def set_retries(self, command: CommandApdu) -> bytes:
        """Set how many tries PIN (P1) and PUK (P2) have; both get their default values."""
        self._security.require_management()
        self._security.require(AccessRule.PIN)
        if not command.p1 or not command.p2:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self.set_defaults(command.p1, command.p2)
        return b""

    def set_defaults(self, pin_tries: int, puk_tries: int) -> None:
        """Give PIN and PUK the values they leave the factory with."""
        for qualifier, value, limit in (
            (_PIN, DEFAULT_PIN, pin_tries),
            (_PUK, DEFAULT_PUK, puk_tries),
        ):
            padded = value.ljust(_SIZE, b"\xff")
            self._store.put_reference(
                qualifier, StoredReference.of(padded, self._randomness(16), limit)
            )
        self._security.verified.discard(_PIN)

    def _may_be_shown(self, qualifier: int, value: bytes) -> bool:  # noqa: ARG002
        return len(value) == _SIZE

    def _may_be_chosen(self, qualifier: int, value: bytes) -> bool:  # noqa: ARG002
        # Judged in _set: a wrong old value costs its try whatever the new one looks like.
        return True

    def _set(self, qualifier: int, value: bytes) -> None:
        chosen = value.rstrip(b"\xff")
        if len(chosen) < _SHORTEST or not chosen.isascii():
            # The old value was right, which has given the tries back.
            self._store.commit()
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        super()._set(qualifier, value)
