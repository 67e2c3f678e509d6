# SPDX-License-Identifier: Apache-2.0
"""A renewal as its holder sees it: a line for each step, and how the card stands meanwhile."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from selfrenew import messages
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, Step, events

from .settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_STEPS_A_SLOT = 5
_STEPS_BESIDE = 4


class RenewalWatch:
    """Follows the events of one renewal."""

    def __init__(self) -> None:
        self.resumed = False
        self.changed = False
        """Whether a key of the card was replaced, or is about to be."""
        self.signed_in_serial: int | None = None
        self._steps: list[Step] = []
        self._within: Step | None = None
        self._done: list[KeyReference] = []

    @property
    def unfinished(self) -> list[str]:
        """The certificates that still have to be renewed, in their order."""
        return [slot_name(step.slot) for step in self._steps]

    @property
    def length(self) -> int:
        """How many events a whole renewal of this card has."""
        return _STEPS_BESIDE + _STEPS_A_SLOT * (len(self._steps) + len(self._done))

    @property
    def standing(self) -> str:
        """How the card stands where the renewal is stopped now."""
        if not self.changed:
            return messages.STOPPED_BEFORE
        if self._within is not None:
            return messages.STOPPED_WITHIN.format(
                slot=slot_name(self._within.slot), voucher=slot_name(self._within.voucher)
            )
        if self._steps:
            return messages.STOPPED_BETWEEN.format(
                done=slot_name(self._done[-1]), slot=slot_name(self._steps[0].slot)
            )
        return messages.STOPPED_AFTER

    def note(self, event: Event) -> str:
        """Take an event in, and put it in words."""
        match event:
            case events.Inspected(plan=plan):
                self.resumed, self._steps = plan.resumed, list(plan.steps)
            case events.SlotStarted():
                self.changed, self._within = True, self._steps[0]
            case events.Confirmed():
                self._within = None
                self._done.append(self._steps.pop(0).slot)
            case events.SignedIn(certificate_serial=serial):
                self.signed_in_serial = serial
        return describe(event)


def describe(event: Event) -> str:
    """Put an event in the words its holder reads."""
    match event:
        case events.Inspected(plan=plan) if plan.resumed:
            slots = " and the ".join(slot_name(step.slot) for step in plan.steps)
            return f"{messages.RESUMED.format(slots=slots)} {messages.DO_NOT_REMOVE}"
        case events.SlotStarted(slot=slot, voucher=voucher):
            return messages.PROGRESS_STARTED.format(
                slot=slot_name(slot), voucher=slot_name(voucher)
            )
        case events.CertificateIssued(slot=slot, certificate=certificate):
            until = certificate.not_valid_after_utc
            return messages.PROGRESS_ISSUED.format(slot=slot_name(slot), until=until)
        case events.KeyGenerated(slot=slot) | events.CertificateWritten(slot=slot):
            return _PLAIN[type(event)].format(slot=slot_name(slot))
        case events.Confirmed(slot=slot):
            return messages.PROGRESS_CONFIRMED.format(slot=slot_name(slot))
    return _PLAIN[type(event)]


_PLAIN: dict[type, str] = {
    events.Inspected: f"{messages.PROGRESS_INSPECTED} {messages.DO_NOT_REMOVE}",
    events.PreflightPassed: messages.PROGRESS_PREFLIGHT,
    events.ManagementAuthenticated: messages.PROGRESS_AUTHENTICATED,
    events.KeyGenerated: messages.PROGRESS_KEY,
    events.CertificateWritten: messages.PROGRESS_WRITTEN,
    events.SignedIn: messages.PROGRESS_SIGNED_IN,
}


def slot_name(key: KeyReference) -> str:
    """Give what a person calls the certificate of a key."""
    return messages.SLOT_NAMES[key]


@contextmanager
def show_progress(
    console: "Console", watch: RenewalWatch | None = None
) -> Iterator[Callable[[Event], None]]:
    """Show each event on a terminal as it happens: its line, and a bar below until the end."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    following = watch or RenewalWatch()
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(messages.DO_NOT_REMOVE, total=None)

        def show(event: Event) -> None:
            progress.console.print(f"  {following.note(event)}", markup=False, highlight=False)
            progress.update(task, total=following.length, advance=1)

        yield show


@contextmanager
def shown(settings: Settings, watch: RenewalWatch) -> Iterator[Callable[[Event], None]]:
    """Show each event of the command as it happens: with a bar on a terminal, else in lines."""
    if settings.as_json or settings.verbose or not sys.stderr.isatty():
        yield lambda event: settings.tell(watch.note(event))
        return
    from rich.console import Console  # noqa: PLC0415  heavy, and only for a terminal

    with show_progress(Console(stderr=True), watch) as show:
        yield show
