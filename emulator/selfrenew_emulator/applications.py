# SPDX-License-Identifier: Apache-2.0
"""Applications that are installed beside the emulator, found by name, so that it imports none.

The entry-point group `selfrenew.applications` names functions of a configuration's path and the
environment that open a `ServedApplication`, by the keyword argument `clock`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from selfrenew.clock import Clock, system_clock

GROUP = "selfrenew.applications"


class ServedApplication(AbstractContextManager["ServedApplication"], Protocol):
    """An application that knows how to be served."""

    @property
    def application(self) -> Any:
        """The ASGI application itself."""

    def serve(self, ready: Callable[[str], None], *, application: Any = None) -> None:
        """Serve until the process is told to end, telling the address once that is possible."""


class ApplicationUnavailableError(Exception):
    """An application is not installed, or foresaw why it cannot be opened."""


def open_application(
    name: str, config: Path | None, environ: Mapping[str, str], clock: Clock = system_clock
) -> ServedApplication:
    """Open an application. Raise ApplicationUnavailableError."""
    with foreseen(name):
        opened: ServedApplication = _entry_point(name).load()(config, environ, clock=clock)
    return opened


@contextmanager
def foreseen(name: str) -> Iterator[None]:
    """Take an application's own errors for expected ones, and leave bugs as they are.

    They are told by the package their class is from, since it is not to be imported here. Raise
    ApplicationUnavailableError.
    """
    package = _entry_point(name).value.partition(".")[0]
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] != package:
            raise
        raise ApplicationUnavailableError(str(error)) from error


def _entry_point(name: str) -> EntryPoint:
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ApplicationUnavailableError(
            f"There is no application '{name}' to be served. Known here: {names}. Install what "
            "provides it."
        )
    return known[name]
