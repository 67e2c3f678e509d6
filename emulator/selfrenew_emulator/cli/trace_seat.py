# SPDX-License-Identifier: Apache-2.0
"""Where `trace record` and `trace replay` put their card: a slot of vpcd, for a program to use."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .card_insert import VPCD_PORT
from .serving import block_ending

if TYPE_CHECKING:
    from selfrenew_emulator.trace import Seat

_Command = TypeVar("_Command", bound=Callable[..., Any])
# pcscd puts these behind the name that a reader is given.
_NUMBERS = re.compile(r" [0-9A-F]{2} [0-9A-F]{2}$")


@dataclass(frozen=True, slots=True)
class SeatOptions:
    """Which slot, and the program that is run there, if any."""

    host: str
    port: int | None
    program: tuple[str, ...]


def seat_options(command: _Command) -> _Command:
    """Add the options that name the slot, and the program behind `--`."""
    for option in (
        click.option("--host", default="127.0.0.1", show_default=True),
        click.option(
            "--port",
            type=click.IntRange(1, 65535),
            help="Where vpcd listens for the slot.  [default: a reader of a pcscd of its own for a "
            f"COMMAND, otherwise {VPCD_PORT}]",
        ),
        click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]"),
    ):
        command = option(command)
    return command


@contextmanager
def slot_for(options: SeatOptions, name: str) -> Iterator[tuple[str, int, Mapping[str, str]]]:
    """Give host and port of the slot, and the environment in which a program finds it.

    A program without a port has a pcscd of its own, whose reader has the name. Raise ReaderError.
    """
    from selfrenew_emulator.reader import PrivatePcscd  # noqa: PLC0415  heavy
    from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE  # noqa: PLC0415  the same

    if not options.program or options.port is not None:
        yield options.host, options.port or VPCD_PORT, os.environ
        return
    try:
        pcscd = PrivatePcscd(1, names=[_NUMBERS.sub("", name)])
    except ValueError:
        # Such as an image's path of any length.
        pcscd = PrivatePcscd(1)
    with pcscd:
        yield "127.0.0.1", pcscd.ports[0], {**os.environ, SOCKET_VARIABLE: str(pcscd.socket_file)}


def use_seat(seat: "Seat", program: Sequence[str], environ: Mapping[str, str], ready: str) -> int:
    """Put the card in and run the program, or wait for Ctrl-C or SIGTERM.

    Return the program's exit code. Raise click.UsageError where there is no such program, and
    ReaderError where the slot was lost.
    """
    if not program:
        ending = block_ending()
        with seat:
            click.echo(ready)
            signal.sigwait(ending)
        code = 0
    else:
        # Ctrl-C is the program's, which has the terminal; what it ends with ends this.
        signal.signal(signal.SIGINT, lambda *_: None)
        with seat:
            try:
                code = subprocess.run(program, env=environ, check=False).returncode  # noqa: S603
            except OSError as error:
                raise click.UsageError(
                    f"Running {program[0]} failed: {error.strerror}. Check the command behind --."
                ) from error
    if seat.failure is not None:
        raise seat.failure
    return code if code >= 0 else 128 - code
