# SPDX-License-Identifier: Apache-2.0
"""How an operation ended: what was done; or what happened, how the card stands, what to do.

Texts are made when they are asked for, so that each reader has them in a language of their own.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from selfrenew import messages
from selfrenew.http import one_line
from selfrenew.piv.errors import (
    GlobalPinBlockedError,
    PasscodeBlockedError,
    WrongPasscodeError,
)
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import (
    CardStanding,
    RenewalInterruptedError,
    RenewalOutcome,
    RenewalWatch,
)
from selfrenew.renewal.inspection import SLOT_WORDS

from .failures import FailureReason, cause_of, reason_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RenewedSlot:
    """The old and the new serial number of a slot, and until when the new certificate is good."""

    slot: KeyReference
    old_serial: int | None
    new_serial: int
    not_after: datetime

    @property
    def view(self) -> dict[str, object]:
        """The slot for programs."""
        return {
            "slot": SLOT_WORDS[self.slot],
            "old_serial": None if self.old_serial is None else f"{self.old_serial:X}",
            "new_serial": f"{self.new_serial:X}",
            "not_after": self.not_after.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Renewed:
    """The certificates are renewed, and the sign-in with the new one is done."""

    slots: tuple[RenewedSlot, ...]

    @property
    def message(self) -> str:
        """What the holder is told."""
        return messages.SUCCESS

    @property
    def view(self) -> dict[str, object]:
        """The result for programs."""
        return {"message": self.message, "renewed": [slot.view for slot in self.slots]}


@dataclass(frozen=True, slots=True)
class PasscodeSet:
    """The card has the new passcode; `unlocked` where that took a code."""

    unlocked: bool

    @property
    def message(self) -> str:
        """What the holder is told."""
        return messages.UNLOCKED if self.unlocked else messages.PASSCODE_CHANGED

    @property
    def view(self) -> dict[str, object]:
        """The result for programs."""
        return {"message": self.message}


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that did not come to its end, and how the card stood then.

    `standing` is that of a renewal, None for anything else. `passcode_in_doubt` says that a new
    passcode may have reached the card.
    """

    error: BaseException
    standing: CardStanding | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    passcode_in_doubt: bool = False

    @property
    def reason(self) -> FailureReason:
        """The reason, for programs."""
        return reason_of(self.error) or FailureReason.FAULT

    @property
    def message(self) -> str:
        """What happened."""
        cause = cause_of(self.error)
        if isinstance(cause, WrongPasscodeError):
            return str(cause)
        return messages.FAILURES[reason_of(cause) or FailureReason.FAULT]

    @property
    def card(self) -> str:
        """In which state the card is."""
        if isinstance(cause_of(self.error), PasscodeBlockedError):
            return messages.CARD_LOCKED
        if self.standing is None:
            doubt = self.passcode_in_doubt
            return messages.CARD_MAY_HAVE_NEW_PASSCODE if doubt else messages.CARD_KEEPS_PASSCODE
        text = {
            CardStanding.UNCHANGED: messages.CARD_UNCHANGED,
            CardStanding.WITHIN: messages.CARD_WITHIN,
            CardStanding.BETWEEN: messages.CARD_BETWEEN,
            CardStanding.RENEWED: messages.CARD_RENEWED,
        }[self.standing]
        return text.format(**self.names)

    @property
    def remedy(self) -> str:
        """What to do."""
        if self.standing is CardStanding.RENEWED:
            return messages.REMEDY_RENEWED
        if isinstance(cause_of(self.error), GlobalPinBlockedError):
            return messages.FAILURE_REMEDIES[FailureReason.UNLOCKING_KEY_BLOCKED]
        if self.reason is FailureReason.INTERRUPTED and self._without_sign_in:
            return messages.REMEDY_SIGN_IN_WITHIN
        return messages.FAILURE_REMEDIES[self.reason]

    @property
    def _without_sign_in(self) -> bool:
        """Whether the key for signing in is new, and has no certificate yet that goes with it."""
        return (
            isinstance(self.error, RenewalInterruptedError)
            and self.error.slot is KeyReference.PIV_AUTHENTICATION
        )

    @property
    def detail(self) -> str:
        """What a service desk wants to read: the error's own words, or its name for a fault."""
        known = reason_of(self.error) is not None
        return one_line(str(self.error)) if known else type(self.error).__name__

    @property
    def view(self) -> dict[str, object]:
        """The failure for programs."""
        return {
            "reason": self.reason.value,
            "message": self.message,
            "card": self.card,
            "remedy": self.remedy,
            "detail": self.detail,
        }


Result = Renewed | PasscodeSet | Failure


def renewed(outcome: RenewalOutcome) -> Renewed:
    """Tell a renewal's outcome, the slots in the order in which they were renewed."""
    slots = []
    for key, new in outcome.new.items():
        old = outcome.old[key]
        serial = None if old is None else old.serial_number
        slots.append(RenewedSlot(key, serial, new.serial_number, new.not_valid_after_utc))
    return Renewed(tuple(slots))


def failed(
    error: BaseException, watch: RenewalWatch | None = None, *, passcode_in_doubt: bool = False
) -> Failure:
    """Tell a failure, of a renewal with its watch; a fault of the program is logged in full."""
    if reason_of(error) is None:
        _log.error("a fault of the program ended an operation", exc_info=error)
    _forget_frames(error)
    if watch is None:
        return Failure(error, passcode_in_doubt=passcode_in_doubt)
    return Failure(error, watch.card, watch.names)


def _forget_frames(error: BaseException) -> None:
    """Let go of the calls that an error went through: their variables hold a passcode."""
    following = [error]
    seen: set[int] = set()
    while following:
        each = following.pop()
        if id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            following += [other for other in (each.__cause__, each.__context__) if other]
