# SPDX-License-Identifier: Apache-2.0
"""A renewal as its holder sees it: a line for each step, and how the card stands meanwhile."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from selfrenew import messages
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, Step, events

from .settings import Settings

Tell = Callable[[str], None]
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
                if plan.resumed:
                    return messages.RESUMED.format(slots=" and the ".join(self.unfinished))
                return messages.STEP_INSPECTED
            case events.PreflightPassed():
                return messages.STEP_PREFLIGHT
            case events.ManagementAuthenticated():
                return messages.STEP_MANAGEMENT
            case events.SlotStarted(slot=slot):
                self.changed, self._within = True, self._steps[0]
                return messages.STEP_STARTED.format(slot=slot_name(slot))
            case events.KeyGenerated():
                return messages.STEP_KEY
            case events.CertificateIssued(certificate=certificate):
                return messages.STEP_ISSUED.format(expires=certificate.not_valid_after_utc)
            case events.CertificateWritten():
                return messages.STEP_WRITTEN
            case events.Confirmed(slot=slot):
                self._within = None
                self._done.append(self._steps.pop(0).slot)
                return messages.STEP_CONFIRMED
            case events.SignedIn(certificate_serial=serial):
                self.signed_in_serial = serial
                return messages.STEP_SIGNED_IN


def slot_name(key: KeyReference) -> str:
    """Give what a person calls the certificate of a key."""
    return messages.SLOT_NAMES[key]


@contextmanager
def shown(settings: Settings, watch: RenewalWatch) -> Iterator[Callable[[Event], None]]:
    """Show each event as it happens: with a bar on a terminal, else line by line."""
    if settings.as_json or not sys.stderr.isatty():
        settings.tell(messages.DO_NOT_REMOVE)
        yield lambda event: settings.tell(watch.note(event))
        return
    from rich.console import Console  # noqa: PLC0415  heavy, and only for a terminal
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(messages.DO_NOT_REMOVE, total=None)

        def show(event: Event) -> None:
            progress.console.print(watch.note(event), markup=False)
            progress.update(task, total=watch.length, advance=1)

        yield show
