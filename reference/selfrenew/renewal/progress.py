# SPDX-License-Identifier: Apache-2.0
"""How far a renewal is, and how the card stands meanwhile, followed by its events."""

from collections.abc import Iterable
from enum import Enum, unique
from typing import Any

from selfrenew import messages
from selfrenew.piv.references import KeyReference

from . import events
from .events import Event
from .inspection import SLOT_WORDS
from .plan import Plan, Step

_STEPS_A_SLOT = 5
_STEPS_BESIDE = 4
_SlotEvent = (
    events.SlotStarted
    | events.KeyGenerated
    | events.CertificateIssued
    | events.CertificateWritten
    | events.Confirmed
)


@unique
class CardStanding(Enum):
    """What a renewal that stops now leaves on the card."""

    UNCHANGED = "unchanged"
    WITHIN = "within"
    """A slot's key is being replaced; the other slot is good."""
    BETWEEN = "between"
    """One slot is renewed, the other one stands as it was."""
    RENEWED = "renewed"


class RenewalWatch:
    """Follows the events of one renewal."""

    def __init__(self) -> None:
        self.resumed = False
        self.changed = False
        """Whether a key of the card was replaced, or is about to be."""
        self.signed_in_serial: int | None = None
        self.steps: list[Step] = []
        """What still has to be renewed, in its order."""
        self.within: Step | None = None
        self.done: list[KeyReference] = []

    @property
    def unfinished(self) -> list[str]:
        """The words of the certificates that still have to be renewed, in their order."""
        return [SLOT_WORDS[step.slot] for step in self.steps]

    @property
    def length(self) -> int:
        """How many events a whole renewal of this card has."""
        return _STEPS_BESIDE + _STEPS_A_SLOT * (len(self.steps) + len(self.done))

    @property
    def card(self) -> CardStanding:
        """How the card stands where the renewal is stopped now."""
        if not self.changed:
            return CardStanding.UNCHANGED
        if self.within is not None:
            return CardStanding.WITHIN
        return CardStanding.BETWEEN if self.steps else CardStanding.RENEWED

    @property
    def names(self) -> dict[str, str]:
        """The fields of a text about the card: done, slot, voucher, where there are such."""
        step = self.within or (self.steps[0] if self.steps else None)
        names = {"done": slot_name(self.done[-1])} if self.done else {}
        if step is not None:
            names |= {"slot": slot_name(step.slot), "voucher": slot_name(step.voucher)}
        return names

    def note(self, event: Event) -> str:
        """Take an event in, and put it in words."""
        match event:
            case events.Inspected(plan=plan):
                self.resumed, self.steps = plan.resumed, list(plan.steps)
            case events.SlotStarted():
                self.changed, self.within = True, self.steps[0]
            case events.Confirmed():
                self.within = None
                self.done.append(self.steps.pop(0).slot)
            case events.SignedIn(certificate_serial=serial):
                self.signed_in_serial = serial
        return describe(event)


def describe(event: Event) -> str:
    """Put an event in the words its holder reads."""
    match event:
        case events.Inspected(plan=plan):
            return f"{_read(plan)} {messages.DO_NOT_REMOVE}"
        case events.PreflightPassed():
            return messages.PROGRESS_PREFLIGHT
        case events.ManagementAuthenticated():
            return messages.PROGRESS_AUTHENTICATED
        case events.SignedIn():
            return messages.PROGRESS_SIGNED_IN
    return _slot_text(event).format(slot=slot_name(event.slot), **_more(event))


def _read(plan: Plan) -> str:
    if not plan.resumed:
        return messages.PROGRESS_INSPECTED
    slots = slot_names(step.slot for step in plan.steps)
    return messages.RESUMED.format(slots=slots, number=len(plan.steps))


def _slot_text(event: _SlotEvent) -> str:
    match event:
        case events.SlotStarted():
            return messages.PROGRESS_STARTED
        case events.KeyGenerated():
            return messages.PROGRESS_KEY
        case events.CertificateIssued():
            return messages.PROGRESS_ISSUED
        case events.CertificateWritten():
            return messages.PROGRESS_WRITTEN
        case events.Confirmed():
            return messages.PROGRESS_CONFIRMED


def _more(event: _SlotEvent) -> dict[str, Any]:
    match event:
        case events.SlotStarted(voucher=voucher):
            return {"voucher": slot_name(voucher)}
        case events.CertificateIssued(certificate=certificate):
            return {"until": certificate.not_valid_after_utc}
    return {}


def slot_name(key: KeyReference) -> str:
    """Give what a person calls the certificate of a key."""
    return messages.SLOT_NAMES[key]


def slot_names(keys: Iterable[KeyReference]) -> str:
    """Name the certificates of one key, or of both, within a sentence."""
    first, *second = map(slot_name, keys)
    return messages.TWO_SLOTS.format(first=first, second=second[0]) if second else first
