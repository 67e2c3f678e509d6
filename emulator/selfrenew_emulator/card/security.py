# SPDX-License-Identifier: Apache-2.0
"""The card's security status: what reset and power loss forget (SP 800-73-4 Part 2, 2.4.2).

The end of a secure messaging session leaves what was verified as it is (4.3 ends the keys alone);
what needed the session is refused all the same, since each command is asked whether it came in one.
"""

from dataclasses import dataclass, field

from selfrenew.iso7816 import StatusWord
from selfrenew.piv.references import ReferenceDataQualifier

from .access import AccessRule
from .interface import Interface
from .refusal import CommandRefusedError
from .secure_messaging import SecureSession


@dataclass(frozen=True, slots=True)
class PendingProof:
    """What a host has to show to prove that it has a symmetric key."""

    reference: int
    response: bytes | None = field(default=None, repr=False)
    """The encryption of the challenge it was given."""
    witness: bytes | None = field(default=None, repr=False)
    """The decryption of the witness it was given."""


@dataclass(slots=True)
class SecurityStatus:
    """Who has shown what since the last reset."""

    verified: set[int] = field(default_factory=set)
    pin_just_verified: bool = False
    """Whether the command before this one was a VERIFY that succeeded."""
    management_authenticated: bool = False
    interface: Interface = Interface.CONTACT
    """What the card was powered through; a reset does not change that."""
    session: SecureSession | None = field(default=None, repr=False)
    secured: bool = False
    """Whether the command at hand came under secure messaging."""
    pending: PendingProof | None = None

    def clear(self) -> None:
        """Forget everything, as a reset does."""
        self.verified.clear()
        self.pin_just_verified = False
        self.management_authenticated = False
        self.session = None
        self.secured = False
        self.pending = None

    def take_pin_just_verified(self) -> bool:
        """Tell whether the PIN came immediately before; asking uses that up."""
        just_verified, self.pin_just_verified = self.pin_just_verified, False
        return just_verified

    def take_pending(self, reference: int) -> PendingProof:
        """Give what a host has to show next under a key, if anything; it can be shown but once."""
        pending, self.pending = self.pending, None
        if pending is None or pending.reference != reference:
            return PendingProof(reference)
        return pending

    def require(self, rule: AccessRule, *, pin_just_verified: bool = False) -> None:
        """Raise CommandRefusedError 6982 where a rule is not met."""
        pins = {ReferenceDataQualifier.APPLICATION_PIN, ReferenceDataQualifier.GLOBAL_PIN}
        if rule is AccessRule.ALWAYS:
            return
        if rule is AccessRule.PIN_ALWAYS and not pin_just_verified:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if not self.verified & pins:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def require_management(self) -> None:
        """Raise CommandRefusedError 6982 where the management key was not shown."""
        if not self.management_authenticated:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
