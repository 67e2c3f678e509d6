# SPDX-License-Identifier: Apache-2.0
"""How each scenario is run: once with its fault, again as its holder would, and then judged."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from selfrenew.secret import Secret
from selfrenew_emulator.faults import read_order

from .case import Case, Scenario, Setting
from .client import Client, Ending
from .codes import UNNOTICED, Code
from .evidence import NEW_PASSCODES, PASSCODE, Evidence, Found
from .judging import is_renewed, judge_end_of_renewal, judge_renewal
from .judging_passcode import (
    judge_change,
    judge_end_of_change,
    judge_end_of_making,
    judge_end_of_unlock,
    judge_making,
    judge_unlock,
    passcode_of,
)
from .making import make_card
from .places import place_of
from .result import Result, Run, Verdict
from .timeline import Timeline
from .world import Desk, World

_RUNS = 2


@dataclass(slots=True)
class Course:
    """A case under way: its runs, and what was found wrong with them."""

    desk: Desk
    begun: Found
    runs: list[Evidence]
    violations: list[str]

    @property
    def struck(self) -> set[str]:
        """All faults that struck."""
        return {fault for run in self.runs for fault in run.struck}

    def take(self, run: Evidence, judged: Iterator[str]) -> Evidence:
        """Note a run with what is wrong with it."""
        number = len(self.runs)
        self.runs.append(run)
        self.violations += [f"run {number + 1}: {each}" for each in judged]
        return run


def play(world: World, case: Case) -> Result:
    """Play a case."""
    began = time.perf_counter()
    with world.begin(case.setting) as desk:
        course = Course(desk, desk.find(), [], [])
        _PLAYS[case.setting.scenario](course, case)
        milliseconds = (time.perf_counter() - began) * 1000
        return _result(case, course, milliseconds)


def _play_renewal(course: Course, case: Case) -> None:
    desk = course.desk

    def renew(order: str, before: Evidence | None = None) -> Evidence:
        desk.put_right()
        _unlock_where_needed(course)
        _arm(desk, order)
        run = desk.run(lambda client: client.renew(Secret(_passcode(desk))))
        desk.board.clear()
        finished = before is not None and before.code == Code.DONE
        judged = judge_renewal(run, course.begun, course.struck, finished=finished)
        return course.take(run, judged)

    first = renew(case.fault)
    if first.code == Code.DONE and is_renewed(first.after, course.begun) and not case.second:
        _judge_last(course, judge_end_of_renewal(first, course.begun))
        return
    before = renew(case.second, first) if case.second else first
    last = renew("", before)
    _judge_last(course, judge_end_of_renewal(last, course.begun))


def _passcode(desk: Desk) -> str:
    return passcode_of(desk.find().card) or PASSCODE


def _unlock_where_needed(course: Course) -> None:
    """Unlock a card whose passcode a fault has locked, as its holder is told to."""
    desk = course.desk
    if desk.find().card.pin_tries[0]:
        return
    run = desk.run(lambda client: client.unlock(desk.read_code, Secret(NEW_PASSCODES[0])))
    course.take(run, judge_unlock(run))


def _play_unlock(course: Course, case: Case) -> None:
    desk = course.desk
    orders = [case.fault, *([case.second] if case.second else []), ""]
    run: Evidence | None = None
    for attempt, order in enumerate(orders):
        desk.put_right()
        _arm(desk, order)
        new = Secret(NEW_PASSCODES[attempt])
        run = desk.run(partial(_unlock, desk, new), attempt)
        desk.board.clear()
        course.take(run, judge_unlock(run))
        if run.code == Code.DONE and not case.second:
            break
    if run is not None:
        _judge_last(course, judge_end_of_unlock(run))


def _unlock(desk: Desk, new: Secret, client: Client) -> Ending:
    return client.unlock(desk.read_code, new)


def _play_change(course: Course, case: Case) -> None:
    desk = course.desk
    orders = [case.fault, *([case.second] if case.second else []), ""]
    run: Evidence | None = None
    for attempt, order in enumerate(orders):
        desk.put_right()
        old = PASSCODE if run is None else passcode_of(run.after.card) or PASSCODE
        _arm(desk, order)
        run = desk.run(partial(_change, Secret(old), Secret(NEW_PASSCODES[attempt])), attempt)
        desk.board.clear()
        course.take(run, judge_change(run))
        if run.code == Code.DONE and not case.second:
            break
    if run is not None:
        _judge_last(course, judge_end_of_change(run))


def _change(old: Secret, new: Secret, client: Client) -> Ending:
    return client.change_passcode(old, new)


def _play_making(course: Course, case: Case) -> None:
    desk = course.desk
    run: Evidence | None = None
    for order in (case.fault, *([case.second] if case.second else []), ""):
        make = make_card(desk, case.setting)
        _arm(desk, order)
        run = desk.run(lambda _, make=make: make())  # type: ignore[misc]
        desk.board.clear()
        course.take(run, judge_making(run))
        if run.code == Code.DONE and not case.second:
            break
    if run is not None:
        _judge_last(course, judge_end_of_making(run))


def _arm(desk: Desk, order: str) -> None:
    if order:
        read_order(order)
        desk.board.arm(order)


def _judge_last(course: Course, judged: Iterator[str]) -> None:
    course.violations += [f"in the end: {each}" for each in judged]


def _result(case: Case, course: Course, milliseconds: float) -> Result:
    first, last = course.runs[0], course.runs[-1]
    if not _went_on(case, course) and course.struck and course.struck <= UNNOTICED:
        course.violations.append(f"nothing but local time was another one: {first.text}")
    if course.violations:
        verdict = Verdict.FAILED
    elif last.code != Code.DONE and not (
        last.code == Code.NOT_DUE and is_renewed(last.after, course.begun)
    ):
        verdict = Verdict.DIAGNOSED
    elif _went_on(case, course):
        verdict = Verdict.UNAFFECTED
    else:
        verdict = Verdict.RECOVERED
    runs = tuple(Run(run.code, run.text, tuple(run.timeline.lines)) for run in course.runs)
    struck = tuple(fault for run in course.runs for fault in run.struck)
    return Result(
        str(case),
        verdict,
        tuple(course.violations),
        struck,
        _boundary(case, first),
        runs,
        milliseconds,
    )


def _went_on(case: Case, course: Course) -> bool:
    """Tell whether no run stopped, and already the first one did all of it."""
    if any(run.code not in {Code.DONE, Code.NOT_DUE} for run in course.runs):
        return False
    renewing = case.setting.scenario is Scenario.RENEWAL
    return not renewing or is_renewed(course.runs[0].after, course.begun)


def _boundary(case: Case, run: Evidence) -> str:
    """Name the command or the request that the case's number means."""
    place = place_of(case.fault, run.timeline.boundaries, run.timeline.requests)
    return "" if place is None else place.name


_PLAYS: dict[Scenario, Callable[[Course, Case], None]] = {
    Scenario.RENEWAL: _play_renewal,
    Scenario.UNLOCK: _play_unlock,
    Scenario.CHANGE_PASSCODE: _play_change,
    Scenario.PERSONALISATION: _play_making,
}


def rehearse(world: World, setting: Setting) -> Timeline:
    """Run a scenario without a fault, and give what went by. Raise RehearsalError."""
    result_of = _PLAYS[setting.scenario]
    case = Case(setting)
    with world.begin(setting) as desk:
        course = Course(desk, desk.find(), [], [])
        result_of(course, case)
        if course.violations:
            raise RehearsalError(case, course.violations)
        return course.runs[0].timeline


class RehearsalError(Exception):
    """A scenario fails without any fault, so that nothing can be told of its faults."""

    def __init__(self, case: Case, violations: list[str]) -> None:
        super().__init__(
            f"Running '{case}' without a fault failed: {'; '.join(violations)}. Mend that first."
        )
