# SPDX-License-Identifier: Apache-2.0
"""Renewing both certificates of a card: when, which, in which order, and how."""

from . import events
from .errors import (
    CardSwappedError,
    ExpiredError,
    NotDueError,
    NothingVouchesError,
    NotProvenError,
    RenewalError,
    RenewalInterruptedError,
    TwoHoldersError,
    UnsupportedCertificateError,
    VoucherNotValidError,
)
from .events import Event
from .inspection import Inspection, Slot, SlotState, inspect
from .plan import Plan, Step, plan_renewal
from .progress import CardStanding, RenewalWatch, describe, slot_name, slot_names
from .standing import RenewalStanding, RenewalState, judge_standing, whole_days_left
from .window import Due, Expired, NotDue, Window, judge_window
from .workflow import Renewal, RenewalOutcome, Services

__all__ = [
    "CardStanding",
    "CardSwappedError",
    "Due",
    "Event",
    "Expired",
    "ExpiredError",
    "Inspection",
    "NotDue",
    "NotDueError",
    "NotProvenError",
    "NothingVouchesError",
    "Plan",
    "Renewal",
    "RenewalError",
    "RenewalInterruptedError",
    "RenewalOutcome",
    "RenewalStanding",
    "RenewalState",
    "RenewalWatch",
    "Services",
    "Slot",
    "SlotState",
    "Step",
    "TwoHoldersError",
    "UnsupportedCertificateError",
    "VoucherNotValidError",
    "Window",
    "describe",
    "events",
    "inspect",
    "judge_standing",
    "judge_window",
    "plan_renewal",
    "slot_name",
    "slot_names",
    "whole_days_left",
]
