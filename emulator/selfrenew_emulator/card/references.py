# SPDX-License-Identifier: Apache-2.0
"""VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (SP 800-73-4 Part 2, 3.2.1 to 3.2.3)."""

import hmac

from selfrenew.iso7816 import CommandApdu, StatusWord
from selfrenew.piv.references import ReferenceDataQualifier
from selfrenew_emulator.randomness import Randomness

from .access import CONTACTLESS_REFERENCE_RULES
from .refusal import CommandRefusedError, incorrect_data, tries
from .security import SecurityStatus
from .store import Store, StoredReference
from .virtual_contact import InterfaceRules, is_pairing_code, pairing_code, policy_of

_SIZE = 8
_PIN = ReferenceDataQualifier.APPLICATION_PIN
_PINS = frozenset({_PIN, ReferenceDataQualifier.GLOBAL_PIN})
_PAIRING_CODE = ReferenceDataQualifier.PAIRING_CODE
_PUK = ReferenceDataQualifier.PUK
_NEW_PIN_DIGITS = range(6, 9)
# Cards in use still carry passcodes of four digits; they verify, they just cannot be chosen anew.
_OLD_PIN_DIGITS = range(4, 9)


class ReferenceCommands:
    """The commands about PIN and PUK."""

    def __init__(
        self,
        store: Store,
        security: SecurityStatus,
        rules: InterfaceRules,
        randomness: Randomness,
    ) -> None:
        self._store = store
        self._security = security
        self._rules = rules
        self._randomness = randomness

    def verify(self, command: CommandApdu) -> bytes:
        """Compare a PIN or the pairing code, tell its tries, or forget that it was verified."""
        if command.p1 not in {0x00, 0xFF}:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        qualifier = command.p2
        if qualifier not in _PINS | {_PAIRING_CODE} or not self._usable(qualifier):
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._rules.require(CONTACTLESS_REFERENCE_RULES[qualifier])
        if command.p1 == 0xFF:
            if command.data:
                raise incorrect_data()
            self._security.verified.discard(qualifier)
            return b""
        if not command.data and qualifier in self._security.verified:
            return b""
        if qualifier == _PAIRING_CODE:
            return self._pair(command.data)
        if not command.data:
            raise self._status(qualifier)
        self._not_blocked(qualifier)
        if not self._may_be_shown(qualifier, command.data):
            raise incorrect_data()
        self._compare(qualifier, command.data)
        self._security.verified.add(qualifier)
        self._security.pin_just_verified = True
        return b""

    def _pair(self, code: bytes) -> bytes:
        """Compare the pairing code, whose tries nobody counts (Part 2, 3.2.1.3)."""
        if code and not is_pairing_code(code):
            raise incorrect_data()
        if not code:
            raise CommandRefusedError(StatusWord.VERIFICATION_FAILED)
        if not hmac.compare_digest(code, pairing_code(self._store.state) or b""):
            self._security.verified.discard(_PAIRING_CODE)
            raise CommandRefusedError(StatusWord.VERIFICATION_FAILED)
        self._security.verified.add(_PAIRING_CODE)
        return b""

    def change(self, command: CommandApdu) -> bytes:
        """Replace a PIN or the PUK with proof of the old one.

        Data of the wrong form is refused before anything is compared, so no try is used up.
        """
        if command.p1 != 0x00:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        qualifier = command.p2
        if qualifier != _PUK and (qualifier not in _PINS or not self._usable(qualifier)):
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._rules.require(CONTACTLESS_REFERENCE_RULES[qualifier])
        self._not_blocked(qualifier)
        if len(command.data) != 2 * _SIZE:
            raise incorrect_data()
        old, new = command.data[:_SIZE], command.data[_SIZE:]
        if not (self._may_be_shown(qualifier, old) and self._may_be_chosen(qualifier, new)):
            raise incorrect_data()
        self._compare(qualifier, old)
        self._set(qualifier, new)
        if qualifier in _PINS:
            self._security.verified.add(qualifier)
        return b""

    def reset(self, command: CommandApdu) -> bytes:
        """Set a new PIN with the PUK, and give it all its tries back; it is not verified by that.

        A wrong PUK costs the PUK a try and the PIN its being verified.
        """
        if command.p1 != 0x00:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if command.p2 != _PIN:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._not_blocked(_PUK)
        if len(command.data) != 2 * _SIZE:
            raise incorrect_data()
        puk, new = command.data[:_SIZE], command.data[_SIZE:]
        if not self._may_be_chosen(_PIN, new):
            raise incorrect_data()
        self._compare(_PUK, puk, revoked=_PIN)
        self._set(_PIN, new)
        return b""

    def _may_be_shown(self, qualifier: int, value: bytes) -> bool:
        """Tell whether a value has a form that is worth a try."""
        return qualifier not in _PINS or _is_pin(value, _OLD_PIN_DIGITS)

    def _may_be_chosen(self, qualifier: int, value: bytes) -> bool:
        """Tell whether a value has a form that may be set."""
        return qualifier not in _PINS or _is_pin(value, _NEW_PIN_DIGITS)

    def _usable(self, qualifier: int) -> bool:
        state = self._store.state
        if qualifier == _PAIRING_CODE:
            return policy_of(state).virtual_contact and pairing_code(state) is not None
        if qualifier not in state.references:
            return False
        return qualifier != ReferenceDataQualifier.GLOBAL_PIN or policy_of(state).global_pin

    def _allowed(self, tries_left: int) -> int:
        """Tell how many tries are further allowed over the interface at hand (Part 2, 3.2.1)."""
        # Nobody who walks by may use up the last tries of a card in a pocket.
        reserve = self._store.state.contactless_reserve if self._rules.contactless else 0
        return max(0, tries_left - reserve)

    def _status(self, qualifier: int) -> CommandRefusedError:
        """Tell the tries; tries kept from the interface at hand do not make it a blocked PIN."""
        left = self._store.state.references[qualifier].tries
        if not left:
            return CommandRefusedError(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        return tries(self._allowed(left))

    def _not_blocked(self, qualifier: int) -> None:
        if not self._allowed(self._store.state.references[qualifier].tries):
            raise CommandRefusedError(StatusWord.AUTHENTICATION_METHOD_BLOCKED)

    def _compare(self, qualifier: int, value: bytes, *, revoked: int | None = None) -> None:
        """Use up a try, compare, and give all tries back where the value is right."""
        reference = self._store.state.references[qualifier]
        left = reference.tries - 1
        # Kept before the comparison, as real cards do: pulling the card cannot save the try.
        self._store.put_reference(qualifier, reference.with_tries(left))
        self._store.commit()
        if not reference.matches(value):
            self._security.verified.discard(qualifier if revoked is None else revoked)
            raise tries(self._allowed(left))
        self._store.put_reference(qualifier, reference.with_tries(reference.tries_limit))

    def _set(self, qualifier: int, value: bytes) -> None:
        limit = self._store.state.references[qualifier].tries_limit
        salt = self._randomness(16)
        self._store.put_reference(qualifier, StoredReference.of(value, salt, limit))


def _is_pin(value: bytes, digits: range) -> bool:
    """Tell whether eight bytes are digits padded with FF (Part 2, 2.4.3)."""
    body = value.rstrip(b"\xff")
    return len(value) == _SIZE and len(body) in digits and body.isdigit()
