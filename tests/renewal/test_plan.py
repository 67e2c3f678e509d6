# SPDX-License-Identifier: Apache-2.0
"""The plan for every combination of states that two slots can be in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from selfrenew.piv.references import KeyReference
from selfrenew.renewal import (
    ExpiredError,
    Inspection,
    NotDueError,
    NothingVouchesError,
    RenewalError,
    Slot,
    SlotState,
    UnsupportedCertificateError,
    plan_renewal,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([])
SIGNING, SIGN_IN = KeyReference.DIGITAL_SIGNATURE, KeyReference.PIV_AUTHENTICATION
DAY = timedelta(days=1)

# What a slot may hold: its state, and when its certificate began and ends, in days from now.
HOLDINGS = {
    "valid": (SlotState.VALID, -300, 430),
    "renewed": (SlotState.VALID, -1, 729),
    "due": (SlotState.DUE, -700, 30),
    "expired": (SlotState.EXPIRED, -740, -10),
    "missing": (SlotState.MISSING, None, None),
    "corrupt": (SlotState.CORRUPT, None, None),
    "mismatched": (SlotState.MISMATCHED, -700, 30),
    "not accepted": (SlotState.NOT_ACCEPTED, -1, 729),
    "unsupported": (SlotState.UNSUPPORTED, -300, 430),
    "unsupported and at its end": (SlotState.UNSUPPORTED, -700, 30),
}
TORN = {"missing", "corrupt", "mismatched", "not accepted"}
GOOD = {"valid", "renewed", "due"}


def slot(key: KeyReference, holding: str) -> Slot:
    state, begin, end = HOLDINGS[holding]
    if begin is None or end is None:
        return Slot(key, state)
    return Slot(key, state, certificate(NOW + begin * DAY, NOW + end * DAY))


@cache
def certificate(begin: datetime, end: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(KEY, hashes.SHA256())
    )


def outcome(signing: str, sign_in: str) -> list[KeyReference] | type[RenewalError]:
    slots = {SIGN_IN: slot(SIGN_IN, sign_in), SIGNING: slot(SIGNING, signing)}
    try:
        plan = plan_renewal(Inspection(b"g" * 16, slots), NOW)
    except RenewalError as error:
        return type(error)
    for step in plan.steps:
        assert step.slot != step.voucher
    return [step.slot for step in plan.steps]


def expected(signing: str, sign_in: str) -> list[KeyReference] | type[RenewalError]:
    """Say it once more, in the words of the rule and in another shape than the code."""
    holdings = {SIGNING: signing, SIGN_IN: sign_in}
    torn = [key for key, holding in holdings.items() if holding in TORN]
    good = [key for key, holding in holdings.items() if holding in GOOD]
    due = [key for key, holding in holdings.items() if holding == "due"]
    if any(holding.startswith("unsupported") for holding in holdings.values()):
        waits = set(holdings.values()) <= {"valid", "renewed", "unsupported"}
        return NotDueError if waits else UnsupportedCertificateError
    if not good:
        return ExpiredError if {signing, sign_in} == {"expired"} else NothingVouchesError
    if torn:
        return [*torn, *due]
    if "expired" in holdings.values():
        # Only what was renewed while the other was still good may finish the interrupted renewal.
        finishing = "renewed" in holdings.values()
        return (
            [key for key in holdings if holdings[key] == "expired"] if finishing else ExpiredError
        )
    if not due:
        return NotDueError
    if "renewed" in holdings.values():
        return due
    # The valid one lasts longer than the one that is due, and so vouches first.
    return [SIGNING, SIGN_IN] if signing == "due" else [SIGN_IN, SIGNING]


@pytest.mark.parametrize(("signing", "sign_in"), list(product(HOLDINGS, HOLDINGS)))
def test_every_pair_of_states_has_its_plan(signing: str, sign_in: str) -> None:
    assert outcome(signing, sign_in) == expected(signing, sign_in)


def card(ends: dict[KeyReference, tuple[datetime, datetime]], now: datetime) -> Inspection:
    """Make a card both of whose slots have a certificate that goes with its key."""
    slots = {}
    for key, (begin, end) in ends.items():
        state = SlotState.DUE if now >= end - 90 * DAY else SlotState.VALID
        state = SlotState.EXPIRED if now > end else state
        slots[key] = Slot(key, state, certificate(begin, end))
    return Inspection(b"g" * 16, slots)


@pytest.mark.parametrize(
    ("signing", "sign_in", "first"),
    [
        (20 * DAY, 0.25 * DAY, SIGN_IN),
        (0.25 * DAY, 20 * DAY, SIGNING),
        (20 * DAY, 20 * DAY, SIGNING),
        (21 * DAY, 20 * DAY, SIGNING),
        (21 * DAY + timedelta(seconds=1), 20 * DAY, SIGN_IN),
        (20 * DAY, 21 * DAY + timedelta(seconds=1), SIGNING),
        (400 * DAY, 90 * DAY, SIGN_IN),
    ],
)
def test_the_one_that_lasts_longer_vouches_first(
    signing: timedelta, sign_in: timedelta, first: KeyReference
) -> None:
    begun = NOW - 300 * DAY
    on_card = card({SIGN_IN: (begun, NOW + sign_in), SIGNING: (begun, NOW + signing)}, NOW)
    plan = plan_renewal(on_card, NOW)
    assert plan.steps[0].slot is first
    assert {step.slot for step in plan.steps} == {SIGN_IN, SIGNING}
    assert not plan.resumed


MINUTES = st.integers(1, 600 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@settings(max_examples=150, deadline=None)
@given(signing=MINUTES, sign_in=MINUTES, later=MINUTES)
def test_a_half_that_is_done_is_known_in_either_order(
    signing: timedelta, sign_in: timedelta, later: timedelta
) -> None:
    begun = NOW - 700 * DAY
    held = {SIGN_IN: (begun, NOW + sign_in), SIGNING: (begun, NOW + signing)}
    assume(min(signing, sign_in) <= 90 * DAY)
    done, left = (step.slot for step in plan_renewal(card(held, NOW), NOW).steps)
    end = held[left][1]
    opened, was_due = end - 90 * DAY, end - 90 * DAY <= NOW
    held[done] = (NOW, NOW + 730 * DAY)
    now = NOW + later
    if not was_due and now < opened:
        # What was not due by itself is no unfinished half: its own window opens in its time.
        with pytest.raises(NotDueError) as refused:
            plan_renewal(card(held, now), now)
        assert refused.value.due_from == opened
    elif not was_due and now > end:
        with pytest.raises(ExpiredError):
            plan_renewal(card(held, now), now)
    else:
        plan = plan_renewal(card(held, now), now)
        assert (plan.steps[0].slot, plan.resumed) == (left, was_due)
        assert len(plan.steps) == (1 if was_due else 2)


@settings(max_examples=150, deadline=None)
@given(signing=MINUTES, sign_in=MINUTES, later=MINUTES)
def test_a_torn_half_is_finished_for_as_long_as_either_certificate_lasted_but_a_day(
    signing: timedelta, sign_in: timedelta, later: timedelta
) -> None:
    begun = NOW - 700 * DAY
    held = {SIGN_IN: (begun, NOW + sign_in), SIGNING: (begun, NOW + signing)}
    assume(min(signing, sign_in) <= 90 * DAY)
    assume(later <= max(signing, sign_in) - DAY)
    torn = plan_renewal(card(held, NOW), NOW).steps[0].slot
    now = NOW + later
    on_card = card(held, now)
    slots = {**on_card.slots, torn: replace(on_card.slots[torn], state=SlotState.MISMATCHED)}
    plan = plan_renewal(replace(on_card, slots=slots), now)
    assert (plan.steps[0].slot, plan.resumed) == (torn, True)


def test_an_error_that_leaves_nothing_names_both_states() -> None:
    slots = {SIGN_IN: slot(SIGN_IN, "missing"), SIGNING: slot(SIGNING, "expired")}
    with pytest.raises(NothingVouchesError, match="Registration Authority") as refused:
        plan_renewal(Inspection(b"g" * 16, slots), NOW)
    assert refused.value.states == {SIGN_IN: "missing", SIGNING: "expired"}
