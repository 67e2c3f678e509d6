# SPDX-License-Identifier: Apache-2.0
"""The program under test, found by its name, so that the emulator imports none."""

from collections.abc import Callable, Sequence
from pathlib import Path
from pkgutil import resolve_name
from shlex import quote
from typing import Protocol, cast

import httpx

from selfrenew.clock import Clock
from selfrenew.secret import Secret
from selfrenew.transport import Reader

REFERENCE = "selfrenew.cli.driving:drive"
SEED = "1"
"""What a campaign is drawn by where nobody says otherwise."""


class Ending(Protocol):
    """How an operation ended, as its holder is told."""

    @property
    def code(self) -> int:
        """The exit code, 0 where it is done."""

    @property
    def text(self) -> str:
        """The line that says why not, or that it is done."""

    @property
    def told(self) -> Sequence[str]:
        """What was said on the way."""


class Client(Protocol):
    """What is under test."""

    def renew(self, passcode: Secret) -> Ending:
        """Renew the card in the reader."""

    def change_passcode(self, old: Secret, new: Secret) -> Ending:
        """Replace its passcode."""

    def unlock(self, read_code: Callable[[], Secret], new: Secret) -> Ending:
        """Have a code sent, read it, and set a new passcode."""

    def close(self) -> None:
        """Let everything go."""


OpenClient = Callable[
    [Path, Reader, Clock, httpx.BaseTransport | None, Callable[[float], None]], Client
]
"""Opens a client with a configuration, a reader, a clock, the line to the services, and sleep."""


class NoClientError(Exception):
    """There is no program of that name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"Opening the program under test '{name}' failed: {reason}. Name a function as "
            f"MODULE:NAME, such as {REFERENCE}."
        )


def find_client(name: str) -> OpenClient:
    """Find what opens the program under test. Raise NoClientError."""
    try:
        return cast("OpenClient", resolve_name(name))
    except (ImportError, AttributeError, ValueError) as error:
        raise NoClientError(name, str(error)) from error


def replay_command(case: str, client: str, seed: str) -> str:
    """Give the one line that repeats a case alone."""
    program = "" if client == REFERENCE else f" --client {quote(client)}"
    drawn = "" if seed == SEED else f" --seed {quote(seed)}"
    return f"selfrenew-emulator campaign{program}{drawn} --replay {quote(case)}"
