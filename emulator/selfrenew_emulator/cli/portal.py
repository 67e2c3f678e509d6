# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator portal`: serve a portal that misbehaves, or goes by a clock of its own."""

import json
import os
from pathlib import Path

import click

from selfrenew_emulator.applications import foreseen, open_application
from selfrenew_emulator.clock import clock_from
from selfrenew_emulator.faults import PORTAL_FAULTS, PortalFaults

from .serving import CLOCK

_NAME = "portal"


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The portal's configuration.  [default: what SELFRENEW_PORTAL_CONFIG names]",
)
@click.option(
    "--fault",
    type=click.Choice(list(PORTAL_FAULTS)),
    help="What pages are instead.  [default: what they should be]",
)
@click.option("--times", type=click.IntRange(1), help="How often it strikes.  [default: always]")
@CLOCK
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON once ready.")
def portal(
    *,
    config: Path | None,
    fault: str | None,
    times: int | None,
    clock: Path | None,
    as_json: bool,
) -> None:
    """\b
    selfrenew-emulator portal --config portal.toml --fault portal.blank-page
    selfrenew-emulator portal --config portal.toml --fault portal.logged-out --times 1

    Serve the portal that is installed until Ctrl-C or SIGTERM, with a fault in place of its pages,
    or by another clock than the system's.
    """  # noqa: D205, D301, D400  help opens with two examples
    if times is not None and fault is None:
        raise click.UsageError("Name the --fault that is to strike so often.")
    with open_application(_NAME, config, os.environ, clock_from(clock)) as opened:
        served = PortalFaults(opened.application)
        if fault is not None:
            served.arm(fault, times)

        def ready(address: str) -> None:
            said = {"listening": address, "fault": fault}
            suffering = f"; its pages suffer from {fault}." if fault else "."
            people = f"The portal listens at {address}{suffering}"
            click.echo(json.dumps(said) if as_json else people)

        with foreseen(_NAME):
            opened.serve(ready, application=served)
