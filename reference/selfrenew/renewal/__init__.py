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
)
from .events import Event
from .inspection import Inspection, Slot, SlotState, inspect
from .plan import Plan, Step, plan_renewal
from .window import Due, Expired, NotDue, Window, judge_window
from .workflow import Renewal, RenewalOutcome, Services

__all__ = [
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
    "Services",
    "Slot",
    "SlotState",
    "Step",
    "Window",
    "events",
    "inspect",
    "judge_window",
    "plan_renewal",
]
