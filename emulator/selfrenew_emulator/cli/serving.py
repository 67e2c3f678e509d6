# SPDX-License-Identifier: Apache-2.0
"""What the commands that serve one program of a stage share: options, what they say, their end."""

import json
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
_Command = TypeVar("_Command", bound=Callable[..., Any])

FOLDER = click.Path(file_okay=False, path_type=Path)
_FOLDERS = (
    click.option("--state", type=FOLDER, required=True, help="Keep what is to outlive a restart."),
    click.option(
        "--shared",
        type=FOLDER,
        required=True,
        help="The folder that the programs of the stage share: root.pem, control.token.",
    ),
)
_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind."),
    click.option("--json", "as_json", is_flag=True, help="Print one line of JSON once ready."),
)
NAMES = click.option(
    "--name",
    "names",
    multiple=True,
    help="A name others reach it by, for its TLS certificate; may be repeated.",
)
CLOCK = click.option(
    "--clock",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with the time to go by.  [default: the system's clock]",
)


def serving_options(command: _Command) -> _Command:
    """Add the options that every program of a stage takes."""
    command = listening_options(command)
    for option in reversed(_FOLDERS):
        command = option(command)
    return command


def listening_options(command: _Command) -> _Command:
    """Add the options of a program that may do without folders."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def port_option(name: str, what: str) -> Callable[[_Command], _Command]:
    """Make the option for a port."""
    kind = click.IntRange(0, 65535)
    return click.option(name, type=kind, default=0, help=f"The port of {what}.  [default: any]")


def fault_option(*here: str, example: str) -> Callable[[_Command], _Command]:
    """Make the option for what goes wrong from the start; `here` names what it may befall."""

    def check(_: click.Context, __: click.Parameter, orders: tuple[str, ...]) -> tuple[str, ...]:
        if orders:
            from selfrenew_emulator.faults import (  # noqa: PLC0415  heavy
                FaultError,
                FaultTarget,
                check_order,
            )

            try:
                for order in orders:
                    check_order(order, [FaultTarget[each] for each in here])
            except FaultError as error:
                raise click.BadParameter(str(error)) from error
        return orders

    return click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="ORDER",
        callback=check,
        help=f"What goes wrong from the start, such as {example}; may be repeated.",
    )


def block_ending(*further: signal.Signals) -> frozenset[signal.Signals]:
    """Have only `sigwait` see what ends the command; call it before any thread starts."""
    ending = _ENDING | set(further)
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    return ending


def say_ready(what: str, said: Mapping[str, object], *, as_json: bool) -> None:
    """Print what a program or a person has to know next."""
    if as_json:
        click.echo(json.dumps(said))
        return
    click.echo(f"{what} is ready. Not for production: its keys are for tests.\n")
    flat = {
        f"{name} {inner}".strip(): each
        for name, value in said.items()
        for inner, each in (value.items() if isinstance(value, Mapping) else [("", value)])
    }
    width = max(map(len, flat)) + 2
    for name, value in flat.items():
        click.echo(f"  {name:<{width}}{value}")
    click.echo("\nCtrl-C stops it.")


def say_struck(history: Sequence[str]) -> None:
    """Print, at the end, which of the faults that were ordered struck."""
    click.echo(f"What struck: {', '.join(history) or 'nothing'}.")
