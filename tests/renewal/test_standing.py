# SPDX-License-Identifier: Apache-2.0
"""What a card is told to be, without its passcode."""

from datetime import timedelta

import pytest

from selfrenew.renewal import RenewalState, Slot, SlotState, judge_standing
from selfrenew.renewal.inspection import SLOTS, Inspection
from selfrenew_emulator.stage import DEFAULT_NOW as NOW
from tests.renewal.test_plan import certificate


def card(signing: tuple[SlotState, int], sign_in: tuple[SlotState, int]) -> Inspection:
    """Make a card of each slot's state and the days that its certificate has left."""
    held = zip(SLOTS, (sign_in, signing), strict=True)
    return Inspection(
        b"g" * 16,
        {
            key: Slot(
                key, state, certificate(NOW - timedelta(days=700), NOW + timedelta(days=days))
            )
            for key, (state, days) in held
        },
    )


@pytest.mark.parametrize("days", [30, 400])
@pytest.mark.parametrize("other", [SlotState.VALID, SlotState.DUE, SlotState.MISMATCHED])
def test_a_kind_of_key_that_is_not_known_is_a_state_of_its_own(days: int, other: SlotState) -> None:
    unsupported = (SlotState.UNSUPPORTED, days)
    for slots in ((unsupported, (other, 400)), ((other, 400), unsupported)):
        standing = judge_standing(card(*slots), NOW)
        assert standing.state is RenewalState.UNSUPPORTED
        assert standing.not_after == NOW + timedelta(days=days)
        assert standing.slots == ()


def test_what_has_expired_has_whatever_its_key() -> None:
    standing = judge_standing(card((SlotState.UNSUPPORTED, -1), (SlotState.DUE, 30)), NOW)
    assert standing.state is RenewalState.EXPIRED


def test_two_slots_that_cannot_be_read_leave_nothing_that_vouches() -> None:
    slots = {key: Slot(key, SlotState.MISSING) for key in SLOTS}
    assert judge_standing(Inspection(b"g" * 16, slots), NOW).state is RenewalState.NOTHING_VOUCHES
