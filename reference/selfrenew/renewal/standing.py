# SPDX-License-Identifier: Apache-2.0
"""How a card stands to a renewal, as far as can be told without the passcode."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from selfrenew.piv.references import KeyReference

from .errors import ExpiredError, NotDueError, NothingVouchesError
from .inspection import Inspection, SlotState
from .plan import plan_renewal
from .window import OPEN_FOR, Due, Expired, judge_window


@unique
class RenewalState(StrEnum):
    """Whether a renewal can be run now; public names."""

    NOT_DUE = "not_due"
    DUE = "due"
    INTERRUPTED = "interrupted"
    """One was begun and has to be finished."""
    EXPIRED = "expired"
    NOTHING_VOUCHES = "nothing_vouches"
    UNSUPPORTED = "unsupported"
    """A certificate is for a kind of key that is not known here, so that no day will come."""


@dataclass(frozen=True, slots=True)
class RenewalStanding:
    """A state, the window that it was judged by, and the slots that are left to be renewed."""

    state: RenewalState
    not_after: datetime | None
    days_left: int | None
    slots: tuple[KeyReference, ...] = ()

    @property
    def due_from(self) -> datetime | None:
        """When the window opens, or opened."""
        return None if self.not_after is None else self.not_after - OPEN_FOR


def judge_standing(inspection: Inspection, now: datetime) -> RenewalStanding:
    """Judge a card by what was inspected."""
    ends = [certificate.not_valid_after_utc for certificate in inspection.certificates]
    not_after = min(ends, default=None)
    days_left = None if not_after is None else whole_days_left(not_after, now)
    state, slots = _judge(inspection, now)
    return RenewalStanding(state, not_after, days_left, slots)


def whole_days_left(not_after: datetime, now: datetime) -> int:
    """Count whole days, 0 where it has expired."""
    window = judge_window([not_after], now)
    return window.days_left if isinstance(window, Due) else max(0, (not_after - now).days)


def _judge(inspection: Inspection, now: datetime) -> tuple[RenewalState, tuple[KeyReference, ...]]:
    if any(slot.state is SlotState.UNSUPPORTED for slot in inspection.slots.values()):
        ends = (certificate.not_valid_after_utc for certificate in inspection.certificates)
        expired = isinstance(judge_window(ends, now), Expired)
        return RenewalState.EXPIRED if expired else RenewalState.UNSUPPORTED, ()
    try:
        plan = plan_renewal(inspection, now)
    except NotDueError:
        return RenewalState.NOT_DUE, ()
    except ExpiredError:
        return RenewalState.EXPIRED, ()
    except NothingVouchesError:
        return RenewalState.NOTHING_VOUCHES, ()
    slots = tuple(step.slot for step in plan.steps)
    return (RenewalState.INTERRUPTED if plan.resumed else RenewalState.DUE), slots
