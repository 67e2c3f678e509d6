# SPDX-License-Identifier: Apache-2.0
"""What every command is told: which configuration, which time, and how to speak.

An option counts before the command and behind it alike; the later one wins.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from selfrenew import messages
from selfrenew.clock import Clock, system_clock

if TYPE_CHECKING:
    from selfrenew.config import Configuration, Reference

    from .progress import RenewalWatch

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass
class Settings:
    """The options, what they name, and what the error edge has to know of the command."""

    config: Path | None = None
    as_json: bool = False
    now: datetime | None = None
    verbose: bool = False
    passcode_file: Path | None = None
    configuration: "Configuration | None" = None
    watch: "RenewalWatch | None" = None

    @property
    def clock(self) -> Clock:
        """The machine's clock, or one that stands still where --now says."""
        now = self.now
        return system_clock if now is None else lambda: now

    @property
    def interactive(self) -> bool:
        """Whether somebody sits at a terminal who can be asked."""
        return sys.stdin.isatty() and not self.as_json

    def load(self) -> "Configuration":
        """Load the configuration. Raise ConfigurationError."""
        from selfrenew.config import load_configuration  # noqa: PLC0415  heavy, not for --help

        self.configuration = load_configuration(self.config, os.environ)
        return self.configuration

    def open(self) -> "Reference":
        """Put the reference together; close it. Raise ConfigurationError or TransportError."""
        from selfrenew.config import assemble  # noqa: PLC0415  heavy, not for --help

        return assemble(self.load(), clock=self.clock)

    def say(self, text: str) -> None:
        """Print a line of the result, for people."""
        if not self.as_json:
            _write(sys.stdout, text)

    def tell(self, text: str) -> None:
        """Print a line beside the result, for people."""
        if not self.as_json:
            _write(sys.stderr, text)

    def give(self, result: dict[str, object]) -> None:
        """Print the result for programs."""
        if self.as_json:
            _write(sys.stdout, json.dumps(result))


def _write(stream: TextIO, text: str) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Nobody reads on. What the command does to the card goes on all the same, and the
        # interpreter must not fail on flushing the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601; UTC where it names no offset."""

    name = "iso8601"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(messages.NO_MOMENT.format(value=value), param, ctx)


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value is not None and param.name is not None:
        setattr(ctx.ensure_object(Settings), param.name, value)


def _option(*names: str, **options: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, expose_value=False, callback=_keep, default=None, **options)


def common_options(command: _Command, config_variable: str = "SELFRENEW_CONFIG") -> _Command:
    """Add the options that every command takes; the variable is what `--config` goes before."""
    for option in (
        _option("-v", "--verbose", is_flag=True, help="Log every command and message, decoded."),
        _option("--now", type=Moment(), metavar="ISO", help="For tests: take this for the time."),
        _option("--json", "as_json", is_flag=True, help="Print one JSON object with stable keys."),
        _option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"The configuration.  [default: what {config_variable} names]",
        ),
    ):
        command = option(command)
    return command


def passcode_option(command: _Command) -> _Command:
    """Add the option of the commands that need the passcode."""
    return _option(
        "--passcode-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the passcode from its first line.  [default: SELFRENEW_PASSCODE, or a prompt]",
    )(command)
