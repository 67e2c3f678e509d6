# SPDX-License-Identifier: Apache-2.0
"""The plan for every combination of states that two slots can be in."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.piv.references import KeyReference
from selfrenew.renewal import (
    ExpiredError,
    Inspection,
    NotDueError,
    NothingVouchesError,
    RenewalError,
    Slot,
    SlotState,
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
}
TORN = {"missing", "corrupt", "mismatched", "not accepted"}
GOOD = {"valid", "renewed", "due"}


def slot(key: KeyReference, holding: str) -> Slot:
    state, begin, end = HOLDINGS[holding]
    if begin is None or end is None:
        return Slot(key, state)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW + begin * DAY)
        .not_valid_after(NOW + end * DAY)
        .sign(KEY, hashes.SHA256())
    )
    return Slot(key, state, certificate)


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
    return due if "renewed" in holdings.values() else [SIGNING, SIGN_IN]


@pytest.mark.parametrize(("signing", "sign_in"), list(product(HOLDINGS, HOLDINGS)))
def test_every_pair_of_states_has_its_plan(signing: str, sign_in: str) -> None:
    assert outcome(signing, sign_in) == expected(signing, sign_in)


def test_an_error_that_leaves_nothing_names_both_states() -> None:
    slots = {SIGN_IN: slot(SIGN_IN, "missing"), SIGNING: slot(SIGNING, "expired")}
    with pytest.raises(NothingVouchesError, match="Registration Authority") as refused:
        plan_renewal(Inspection(b"g" * 16, slots), NOW)
    assert refused.value.states == {SIGN_IN: "missing", SIGNING: "expired"}
