# SPDX-License-Identifier: Apache-2.0
"""A renewal as its holder sees it on a terminal: a line for each step."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from selfrenew import messages, renewal
from selfrenew.renewal import CardStanding, Event

from .settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


class RenewalWatch(renewal.RenewalWatch):
    """Follows the renewal of a command, which a person may stop."""

    @property
    def standing(self) -> str:
        """How the card stands where Ctrl-C stops the renewal now."""
        text = {
            CardStanding.UNCHANGED: messages.STOPPED_BEFORE,
            CardStanding.WITHIN: messages.STOPPED_WITHIN,
            CardStanding.BETWEEN: messages.STOPPED_BETWEEN,
            CardStanding.RENEWED: messages.STOPPED_AFTER,
        }[self.card]
        return text.format(**self.names)


@contextmanager
def show_progress(
    console: "Console", watch: renewal.RenewalWatch | None = None
) -> Iterator[Callable[[Event], None]]:
    """Show each event on a terminal as it happens: its line, and a bar below until the end."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    following = watch or renewal.RenewalWatch()
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
