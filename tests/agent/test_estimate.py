# SPDX-License-Identifier: Apache-2.0
"""The time that is left goes down, and up only by what a step took too long."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.agent.estimate import (
    TYPICAL_SECONDS,
    WHOLE_RENEWAL,
    Estimate,
    StepName,
    StepState,
    steps_of,
)
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Plan, Step

SIGNING, AUTHENTICATION = KeyReference.DIGITAL_SIGNATURE, KeyReference.PIV_AUTHENTICATION


def test_a_renewal_with_a_contact_card_takes_about_three_minutes() -> None:
    assert Estimate(WHOLE_RENEWAL, 0.0).whole_seconds_left(0.0) == 180


def test_every_step_has_a_typical_duration() -> None:
    assert set(TYPICAL_SECONDS) == set(StepName)


def test_what_takes_its_typical_time_is_foretold_exactly() -> None:
    estimate, now = Estimate(WHOLE_RENEWAL, 0.0), 0.0
    for step in WHOLE_RENEWAL:
        now += TYPICAL_SECONDS[step]
        estimate.end(step, now)
        assert estimate.left(now) == pytest.approx(180 - now)


@settings(deadline=None)
@given(st.lists(st.floats(0, 600), min_size=len(WHOLE_RENEWAL), max_size=len(WHOLE_RENEWAL)))
def test_the_time_left_is_never_negative_and_rises_by_no_more_than_a_step_overran(
    durations: list[float],
) -> None:
    estimate, now = Estimate(WHOLE_RENEWAL, 0.0), 0.0
    for step, taken in zip(WHOLE_RENEWAL, durations, strict=True):
        seen = [estimate.left(now + taken * part / 7) for part in range(8)]
        assert all(earlier >= later >= 0 for earlier, later in pairwise(seen))
        now += taken
        estimate.end(step, now)
        assert estimate.left(now) <= seen[-1] + taken + 1e-6
    assert estimate.left(now) == 0


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=len(WHOLE_RENEWAL), max_size=len(WHOLE_RENEWAL)))
def test_with_steps_as_quick_as_foretold_the_time_left_never_rises(parts: list[float]) -> None:
    estimate, now, shown = Estimate(WHOLE_RENEWAL, 0.0), 0.0, [180.0]
    for step, part in zip(WHOLE_RENEWAL, parts, strict=True):
        later = WHOLE_RENEWAL[WHOLE_RENEWAL.index(step) + 1 :]
        foretold = estimate.left(now) * TYPICAL_SECONDS[step]
        foretold /= TYPICAL_SECONDS[step] + sum(TYPICAL_SECONDS[each] for each in later)
        now += part * foretold
        estimate.end(step, now)
        shown.append(estimate.left(now))
    assert all(earlier >= later - 1e-6 for earlier, later in pairwise(shown))


def test_a_card_that_is_slower_than_others_is_foretold_more_time() -> None:
    estimate = Estimate(WHOLE_RENEWAL, 0.0)
    estimate.end(StepName.INSPECT, 48.0)
    assert estimate.left(48.0) > 180 - 12


@pytest.mark.parametrize("slots", [(SIGNING,), (AUTHENTICATION,), (AUTHENTICATION, SIGNING)])
def test_a_resumed_renewal_has_the_steps_of_what_is_left_in_their_order(
    slots: tuple[KeyReference, ...],
) -> None:
    plan = Plan(tuple(Step(slot, SIGNING) for slot in slots), resumed=True)
    steps = [step.value for step in steps_of(plan)]
    names = {SIGNING: "signing", AUTHENTICATION: "authentication"}
    keys = [step.removesuffix("_key") for step in steps if step.endswith("_key")]
    assert keys == [names[slot] for slot in slots]
    assert (steps[0], steps[-1]) == ("inspect", "sign_in")


def test_a_shorter_plan_shortens_the_time_left() -> None:
    estimate = Estimate(WHOLE_RENEWAL, 0.0)
    plan = Plan((Step(SIGNING, AUTHENTICATION),), resumed=True)
    estimate.plan(steps_of(plan))
    one, both = estimate.left(0.0), sum(TYPICAL_SECONDS[step] for step in WHOLE_RENEWAL)
    assert one == sum(TYPICAL_SECONDS[step] for step in steps_of(plan)) < both
    assert [view.state for view in estimate.views] == [StepState.ACTIVE] + [StepState.WAITING] * 6


def test_a_persons_time_says_nothing_of_the_cards() -> None:
    steps = (StepName.SEND_CODE, StepName.ENTER_CODE, StepName.SET_PASSCODE)
    estimate = Estimate(steps, 0.0)
    estimate.end(StepName.SEND_CODE, 4.0)
    estimate.end(StepName.ENTER_CODE, 900.0)
    assert estimate.left(900.0) == pytest.approx(6.0)
    estimate.again(StepName.ENTER_CODE, 901.0)
    assert estimate.views[1].state is StepState.ACTIVE
