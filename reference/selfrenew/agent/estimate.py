# SPDX-License-Identifier: Apache-2.0
"""The steps of an operation as a person sees them, and how long the rest will take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, Plan, events


@unique
class StepName(StrEnum):
    """A step; public names."""

    INSPECT = "inspect"
    PREFLIGHT = "preflight"
    CONSENT = "consent"
    SIGNING_KEY = "signing_key"
    SIGNING_CERTIFICATE = "signing_certificate"
    SIGNING_CONFIRMED = "signing_confirmed"
    AUTHENTICATION_KEY = "authentication_key"
    AUTHENTICATION_CERTIFICATE = "authentication_certificate"
    AUTHENTICATION_CONFIRMED = "authentication_confirmed"
    SIGN_IN = "sign_in"
    CHANGE_PASSCODE = "change_passcode"
    SEND_CODE = "send_code"
    ENTER_CODE = "enter_code"
    SET_PASSCODE = "set_passcode"


@unique
class StepState(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"


TYPICAL_SECONDS = {
    StepName.INSPECT: 8,
    StepName.PREFLIGHT: 3,
    StepName.CONSENT: 2,
    StepName.SIGNING_KEY: 66,
    StepName.SIGNING_CERTIFICATE: 9,
    StepName.SIGNING_CONFIRMED: 4,
    StepName.AUTHENTICATION_KEY: 66,
    StepName.AUTHENTICATION_CERTIFICATE: 9,
    StepName.AUTHENTICATION_CONFIRMED: 4,
    StepName.SIGN_IN: 9,
    StepName.CHANGE_PASSCODE: 2,
    StepName.SEND_CODE: 4,
    # A person's time is nobody's to foretell.
    StepName.ENTER_CODE: 0,
    StepName.SET_PASSCODE: 6,
}
"""What a contact card takes that makes RSA keys: about three minutes for a whole renewal.

Most of it is the keys; how long the card reads and signs says little about them.
"""

_SLOT_STEPS = {
    KeyReference.DIGITAL_SIGNATURE: (
        StepName.SIGNING_KEY,
        StepName.SIGNING_CERTIFICATE,
        StepName.SIGNING_CONFIRMED,
    ),
    KeyReference.PIV_AUTHENTICATION: (
        StepName.AUTHENTICATION_KEY,
        StepName.AUTHENTICATION_CERTIFICATE,
        StepName.AUTHENTICATION_CONFIRMED,
    ),
}
_BEFORE = (StepName.INSPECT, StepName.PREFLIGHT, StepName.CONSENT)
WHOLE_RENEWAL = (
    *_BEFORE,
    *_SLOT_STEPS[KeyReference.DIGITAL_SIGNATURE],
    *_SLOT_STEPS[KeyReference.PIV_AUTHENTICATION],
    StepName.SIGN_IN,
)
"""The steps of a renewal as long as the card was not read."""


def steps_of(plan: Plan) -> tuple[StepName, ...]:
    """Give the steps of a renewal that was planned: what is renewed already is not in them."""
    slots = (name for step in plan.steps for name in _SLOT_STEPS[step.slot])
    return (*_BEFORE, *slots, StepName.SIGN_IN)


def step_ended_by(event: Event) -> StepName | None:
    """Name the step that an event ends; None for one in the middle of a step."""
    match event:
        case events.Inspected():
            return StepName.INSPECT
        case events.PreflightPassed():
            return StepName.PREFLIGHT
        case events.ManagementAuthenticated():
            return StepName.CONSENT
        case events.KeyGenerated(slot=slot):
            return _SLOT_STEPS[slot][0]
        case events.CertificateWritten(slot=slot):
            return _SLOT_STEPS[slot][1]
        case events.Confirmed(slot=slot):
            return _SLOT_STEPS[slot][2]
        case events.SignedIn():
            return StepName.SIGN_IN
    return None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step and its state."""

    step: StepName
    state: StepState


# This much typical work counts as if it had been measured, so that one quick step says little.
_PRIOR_SECONDS = 60.0


class Estimate:
    """Steps that are ended one after the other, at moments of a clock that only goes forward.

    The time that is left goes down as time passes and is never below zero. It goes up only where a
    step took longer than was foretold for it, and by no more than that.
    """

    def __init__(self, steps: Sequence[StepName], now: float) -> None:
        self._steps = tuple(steps)
        self._done = 0
        self._since = now
        self._measured = 0.0
        self._foretold = self._rest()

    @property
    def views(self) -> tuple[StepView, ...]:
        """The steps in order; the first that is not done is the active one."""
        states = [StepState.DONE] * self._done + [StepState.ACTIVE]
        states += [StepState.WAITING] * len(self._steps)
        return tuple(map(StepView, self._steps, states))

    def plan(self, steps: Sequence[StepName]) -> None:
        """Replace the steps that are not done; `steps` begins with those that are."""
        self._steps = tuple(steps)
        self._foretold = min(self._foretold, self._rest())

    def end(self, step: StepName, now: float) -> None:
        """Note that a step is done. Raise ValueError for one that is not among the steps."""
        taken = now - self._since
        active = self._steps[self._done : self._done + 1]
        overrun = max(0.0, taken - self._scale * sum(TYPICAL_SECONDS[each] for each in active))
        before = self.left(now)
        self._done = self._steps.index(step) + 1
        if any(TYPICAL_SECONDS[each] for each in active):
            self._measured += taken
        self._since = now
        self._foretold = min(self._rest(), before + overrun)

    def again(self, step: StepName, now: float) -> None:
        """Go back to a step that has to be done once more."""
        self._done = self._steps.index(step)
        self._since = now
        self._foretold = self._rest()

    def left(self, now: float) -> float:
        """Give the seconds that are left."""
        rest = self._scale * sum(TYPICAL_SECONDS[each] for each in self._steps[self._done + 1 :])
        # An active step that takes longer than foretold leaves the later ones their time.
        passed = self._foretold - (now - self._since)
        return max(0.0, passed, min(rest, self._foretold))

    def whole_seconds_left(self, now: float) -> int:
        """Give the seconds that are left as they are shown."""
        return math.ceil(self.left(now))

    @property
    def _scale(self) -> float:
        typical = sum(TYPICAL_SECONDS[each] for each in self._steps[: self._done])
        return (self._measured + _PRIOR_SECONDS) / (typical + _PRIOR_SECONDS)

    def _rest(self) -> float:
        return self._scale * sum(TYPICAL_SECONDS[each] for each in self._steps[self._done :])
