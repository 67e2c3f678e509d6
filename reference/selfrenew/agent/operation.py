# SPDX-License-Identifier: Apache-2.0
"""One operation: its steps, its time, its snapshots in order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import partial

from selfrenew import messages
from selfrenew.operation_ticket import OperationKind
from selfrenew.renewal import Event, RenewalWatch, describe, events

from .errors import OperationGivenUpError
from .estimate import (
    WHOLE_RENEWAL,
    Estimate,
    StepName,
    StepState,
    StepView,
    step_ended_by,
    steps_of,
)
from .event_log import EventLog, Numbered
from .outcome import Failure, Result, failed

Saying = Callable[[], str]
"""Makes a text in the language that is spoken when it is called."""


@unique
class OperationState(StrEnum):
    """How far an operation is."""

    RUNNING = "running"
    AWAITING_CODE = "awaiting_code"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return self in {OperationState.SUCCEEDED, OperationState.FAILED}


_STEPS = {
    OperationKind.RENEW: WHOLE_RENEWAL,
    OperationKind.CHANGE_PASSCODE: (StepName.CHANGE_PASSCODE,),
    OperationKind.UNLOCK: (StepName.SEND_CODE, StepName.ENTER_CODE, StepName.SET_PASSCODE),
}


def _opening(kind: OperationKind) -> str:
    return messages.OPERATION_UNLOCK if kind is OperationKind.UNLOCK else messages.OPERATION_STARTED


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An operation at one moment; `seconds_left` is None where a person's time decides."""

    operation: str
    kind: OperationKind
    state: OperationState
    steps: tuple[StepView, ...]
    seconds_left: int | None
    saying: Saying = field(repr=False)
    result: Result | None

    @property
    def view(self) -> dict[str, object]:
        """The snapshot for programs, its texts in the language that is spoken now."""
        return {
            "operation": self.operation,
            "kind": self.kind.value,
            "state": self.state.value,
            "steps": [{"step": each.step.value, "state": each.state.value} for each in self.steps],
            "seconds_left": self.seconds_left,
            "message": self.saying(),
            "result": None if self.result is None else self.result.view,
        }


class Operation:
    """Followed by the thread that owns the card, looked at by any other."""

    def __init__(
        self,
        identifier: str,
        kind: OperationKind,
        card: bytes,
        measure: Callable[[], float],
    ) -> None:
        self.identifier = identifier
        self.kind = kind
        self.card = card
        self.watch = RenewalWatch() if kind is OperationKind.RENEW else None
        self.unlock = ""
        """Card management's name for an unlock that was started."""
        self.log: EventLog[Snapshot] = EventLog()
        self._measure = measure
        self._lock = threading.RLock()
        self._state = OperationState.RUNNING
        self._estimate = Estimate(_STEPS[kind], measure())
        self._saying: Saying = partial(_opening, kind)
        self._result: Result | None = None
        self._publish()

    @property
    def state(self) -> OperationState:
        """How far it is."""
        return self._state

    @property
    def snapshot(self) -> Snapshot:
        """How it stands now, the time that is left counted to this moment."""
        with self._lock:
            running = self._state is OperationState.RUNNING
            steps = self._estimate.views
            if self._state is OperationState.FAILED:
                # What failed is no longer at work; which step it was shows by what is not done.
                steps = tuple(
                    StepView(each.step, StepState.WAITING)
                    if each.state is StepState.ACTIVE
                    else each
                    for each in steps
                )
            left = self._estimate.whole_seconds_left(self._measure()) if running else None
            if self._state.over:
                left = 0
            return Snapshot(
                self.identifier, self.kind, self._state, steps, left, self._saying, self._result
            )

    def after(self, number: int) -> list[Numbered[Snapshot]]:
        """Give the snapshots after a number of the log; all for one that it never gave."""
        return self.log.after(number)

    def follow(self, event: Event) -> None:
        """Note an event of a renewal."""
        with self._lock:
            if self._state.over:
                return
            if isinstance(event, events.Inspected):
                self._estimate.plan(steps_of(event.plan))
            self._end_step(step_ended_by(event))
            self._say(partial(describe, event))

    def say(self, saying: Saying) -> None:
        """Tell what is being done."""
        with self._lock:
            if not self._state.over:
                self._say(saying)

    def await_code(self, unlock: str, saying: Saying = lambda: messages.UNLOCK_STARTED) -> None:
        """Wait for the code from the mail."""
        with self._lock:
            if not self._state.over:
                if self.unlock:
                    self._estimate.again(StepName.ENTER_CODE, self._measure())
                else:
                    self._end_step(StepName.SEND_CODE)
                self.unlock = unlock
                self._state = OperationState.AWAITING_CODE
                self._say(saying)

    def take_code(self, saying: Saying) -> None:
        """Go on with what waited for the code."""
        with self._lock:
            if not self._state.over:
                self._end_step(StepName.ENTER_CODE)
                self._state = OperationState.RUNNING
                self._say(saying)

    def end(self, result: Result) -> None:
        """Note the result; what comes after the first one is too late."""
        with self._lock:
            if self._state.over:
                return
            self._result = result
            good = not isinstance(result, Failure)
            self._state = OperationState.SUCCEEDED if good else OperationState.FAILED
            if good:
                self._end_step(_STEPS[self.kind][-1])
            self._say(lambda: result.message)

    def give_up(self) -> None:
        """End an operation that waits for a code, since another one begins."""
        self.end(failed(OperationGivenUpError()))

    def _end_step(self, step: StepName | None) -> None:
        if step is not None:
            self._estimate.end(step, self._measure())

    def _say(self, saying: Saying) -> None:
        self._saying = saying
        self._publish()

    def _publish(self) -> None:
        self.log.append(self.snapshot)
