# SPDX-License-Identifier: Apache-2.0
"""Which slots are to be renewed, in which order, and which key vouches for each.

Standard PIV overwrites a key when it makes a new one, so the other slot's key has to be good while
that happens. The rules need nothing but the card: a renewal that broke off is found by its traces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from selfrenew import messages
from selfrenew.piv.references import KeyReference

from .errors import (
    ExpiredError,
    NotDueError,
    NothingVouchesError,
    TwoHoldersError,
    UnsupportedCertificateError,
)
from .inspection import Inspection, Slot, SlotState
from .window import OPEN_FOR, NotDue, judge_window

# The signing slot goes first: what it needs, a sign-in key, is the one the holder notices missing.
ORDER = (KeyReference.DIGITAL_SIGNATURE, KeyReference.PIV_AUTHENTICATION)

# A slot that broke off is finished only while the other one vouches, so the one that lasts longer
# has to. The certificates of one visit, or of a renewal finished the same day, end together for
# whoever has to put the card in again: less than a day buys nobody a second chance.
_ENDS_TOGETHER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """Renew one slot, the other vouching."""

    slot: KeyReference
    voucher: KeyReference


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order; `resumed` says that an earlier renewal broke off."""

    steps: tuple[Step, ...]
    resumed: bool


def plan_renewal(inspection: Inspection, now: datetime) -> Plan:
    """Plan from what is on the card.

    Raise NotDueError, ExpiredError, NothingVouchesError or UnsupportedCertificateError.
    """
    slots = inspection.slots
    torn = [key for key in ORDER if slots[key].torn]
    unsupported = [key for key in ORDER if slots[key].state is SlotState.UNSUPPORTED]
    if unsupported:
        if not torn:
            _require_due(inspection, now, unsupported[0])
        raise UnsupportedCertificateError(unsupported[0])
    vouching = [key for key in ORDER if slots[key].vouches]
    if not vouching:
        raise _nothing_left(slots)
    if torn:
        # One slot vouches, so at most one is torn; a voucher that is due follows.
        order = [*torn, *(key for key in vouching if slots[key].state is SlotState.DUE)]
        return Plan(_steps(order), resumed=True)
    if len({each.subject for each in inspection.certificates}) > 1:
        # To vouch for another person's key would hand it this one's name.
        raise TwoHoldersError(
            {
                key: messages.ANOTHER_PERSONS.format(state=messages.SLOT_STATES[slot.state.value])
                for key, slot in slots.items()
            }
        )
    renewed = [key for key in ORDER if _renewed(slots[key], slots[_other(key)])]
    if not renewed:
        _require_due(inspection, now)
        expired = [slot for slot in slots.values() if slot.state is SlotState.EXPIRED]
        if expired:
            raise _expired(expired)
    order = [key for key in _by_their_ends(slots) if key not in renewed]
    return Plan(_steps(order), resumed=bool(renewed))


def _require_due(
    inspection: Inspection, now: datetime, unsupported: KeyReference | None = None
) -> None:
    window = judge_window(
        (certificate.not_valid_after_utc for certificate in inspection.certificates), now
    )
    if isinstance(window, NotDue):
        raise NotDueError(window.due_from, unsupported)


def _by_their_ends(slots: Mapping[KeyReference, Slot]) -> tuple[KeyReference, ...]:
    """Put first what ends first, the other one vouching for it; where both end together, ORDER."""
    ends = {
        slot.key: slot.certificate.not_valid_after_utc
        for slot in slots.values()
        if slot.certificate is not None
    }
    first, second = ORDER
    return ORDER if ends[first] - ends[second] <= _ENDS_TOGETHER else (second, first)


def _steps(order: list[KeyReference]) -> tuple[Step, ...]:
    return tuple(Step(key, _other(key)) for key in order)


def _other(key: KeyReference) -> KeyReference:
    return ORDER[1 - ORDER.index(key)]


def _renewed(slot: Slot, other: Slot) -> bool:
    """Tell whether a slot was renewed in the window in which the other one still stands.

    It is good for long, the other is not, and it began after that window had opened.
    """
    if slot.state is not SlotState.VALID or slot.certificate is None or other.certificate is None:
        return False
    if other.state not in {SlotState.DUE, SlotState.EXPIRED}:
        return False
    opened = other.certificate.not_valid_after_utc - OPEN_FOR
    return slot.certificate.not_valid_before_utc >= opened


def _nothing_left(slots: Mapping[KeyReference, Slot]) -> ExpiredError | NothingVouchesError:
    if all(slot.state is SlotState.EXPIRED for slot in slots.values()):
        return _expired(list(slots.values()))
    return NothingVouchesError(
        {key: messages.SLOT_STATES[slot.state.value] for key, slot in slots.items()}
    )


def _expired(slots: list[Slot]) -> ExpiredError:
    ends = [slot.certificate.not_valid_after_utc for slot in slots if slot.certificate is not None]
    return ExpiredError(min(ends))
