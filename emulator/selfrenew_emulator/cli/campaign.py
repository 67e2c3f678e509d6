# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator campaign`: sweeps over faults, and the oracle that judges them."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .exit_codes import ExitCode

if TYPE_CHECKING:
    from selfrenew_emulator.campaign.campaign import Outcome
    from selfrenew_emulator.campaign.result import Result

_SCENARIOS = ("renewal", "unlock", "change-passcode", "personalisation")
_KEY_TYPES = ("p256", "rsa2048")
_PERSONALITIES = ("piv", "yubikey")
_REFERENCE = "selfrenew.cli.driving:drive"
_TOLD_EVERY_SECONDS = 10.0


@click.command()
@click.option(
    "--scenario", "scenarios", type=click.Choice(_SCENARIOS), multiple=True, help="[default: all]"
)
@click.option(
    "--key-type", "key_types", type=click.Choice(_KEY_TYPES), multiple=True, help="[default: all]"
)
@click.option(
    "--personality",
    "personalities",
    type=click.Choice(_PERSONALITIES),
    multiple=True,
    help="[default: all]",
)
@click.option(
    "--sample", type=click.IntRange(0), help="Draw so many of the single faults.  [default: all]"
)
@click.option(
    "--pairs", type=click.IntRange(0), default=0, help="Draw so many with a second fault later on."
)
@click.option(
    "--kills", type=click.IntRange(0), default=0, help="Kill so many processes while they renew."
)
@click.option("--seed", default="1", show_default=True, help="What is drawn by.")
@click.option(
    "--workers", type=click.IntRange(1), help="Processes of this machine.  [default: its cores]"
)
@click.option("--scheduler", metavar="ADDRESS", help="Play on the workers of a Dask scheduler.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the results there, and go on from those that are.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write index.html, campaign.json and junit.xml there.",
)
@click.option(
    "--client",
    default=_REFERENCE,
    show_default=True,
    metavar="MODULE:NAME",
    help="What opens the program under test.",
)
@click.option("--replay", metavar="CASE", help="Play this one case and show what went by.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON at the end.")
def campaign(
    *,
    scenarios: tuple[str, ...],
    key_types: tuple[str, ...],
    personalities: tuple[str, ...],
    replay: str | None,
    report: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """\b
    selfrenew-emulator campaign --scenario renewal --report build/campaign
    selfrenew-emulator campaign --sample 200 --pairs 100 --kills 10 --seed 7
    selfrenew-emulator campaign --replay 'renewal p256 piv | card.removed:after=GENERATE,slot=9c'

    Play every fault of the catalogue at every command and request of a scenario, run it again as
    the card's holder would, and have an oracle that shares no code with the program under test say
    whether anything was lost. Every failure is printed with the line that repeats it alone. Ctrl-C
    ends it with what it has.
    """  # noqa: D205, D301, D400  help opens with two examples
    if replay is not None:
        sys.exit(_replay(replay, options, as_json=as_json))
    from selfrenew_emulator.campaign.campaign import Order, run_campaign  # noqa: PLC0415  heavy
    from selfrenew_emulator.campaign.case import Scenario  # noqa: PLC0415
    from selfrenew_emulator.campaign.client import replay_command  # noqa: PLC0415
    from selfrenew_emulator.campaign.plan import settings  # noqa: PLC0415
    from selfrenew_emulator.campaign.report import write_report  # noqa: PLC0415
    from selfrenew_emulator.card import Personality  # noqa: PLC0415

    order = Order(
        settings(
            [Scenario(each) for each in scenarios or _SCENARIOS],
            key_types or _KEY_TYPES,
            [Personality(each) for each in personalities or _PERSONALITIES],
        ),
        sample=options["sample"],
        pairs=options["pairs"],
        kills=options["kills"],
        seed=options["seed"],
        client=options["client"],
        workers=options["workers"] or os.cpu_count() or 1,
        scheduler=options["scheduler"],
        book=options["resume"],
    )
    progress = _Progress(options["client"], options["seed"], replay_command)
    outcome = run_campaign(order, progress.report, progress.begin)
    summary = outcome.summary()
    if report is not None:
        write_report(report, outcome)
    if as_json:
        failures = [each.case for each in outcome.failures]
        click.echo(json.dumps({**summary, "failures": failures}))
    else:
        _show(outcome)
        if report is not None:
            click.echo(f"The report is {report / 'index.html'}.")
    if outcome.failures:
        sys.exit(ExitCode.INVARIANT_BROKEN)
    if outcome.interrupted:
        sys.exit(ExitCode.INTERRUPTED)


class _Progress:
    """Says on stderr how far it is, and each failure as it is found."""

    def __init__(
        self, client: str, seed: str, replay_command: Callable[[str, str, str], str]
    ) -> None:
        self._client = client
        self._seed = seed
        self._replay_command = replay_command
        self._planned = self._done = 0
        self._began = self._told = time.monotonic()

    def begin(self, planned: int, played: int) -> None:
        """Take note of how many cases there are."""
        self._planned, self._done = planned, played
        self._began = self._told = time.monotonic()
        known = f", {played} of them in the file already" if played else ""
        click.echo(f"{planned} cases{known}.", err=True)

    def report(self, result: "Result") -> None:
        """Count a result, and tell of it where it is a failure."""
        self._done += 1
        if result.violations:
            click.echo(f"Broken: {result.violations[0]}", err=True)
            click.echo(f"  {self._replay_command(result.case, self._client, self._seed)}", err=True)
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY_SECONDS:
            self._told = now
            click.echo(f"{self._done} of {self._planned} cases.", err=True)


def _show(outcome: "Outcome") -> None:
    summary = outcome.summary()
    for kind, number in summary["kinds"].items():
        click.echo(f"{number:7} {kind}")
    verdicts = ", ".join(f"{number} {name}" for name, number in summary["verdicts"].items())
    click.echo(f"{summary['cases']:7} cases: {verdicts}.")
    if summary["not_struck"]:
        click.echo(f"Nothing struck in {summary['not_struck']} of them.")
    if outcome.played:
        click.echo(
            f"{outcome.played} were played in {outcome.seconds:.0f} seconds, "
            f"{outcome.per_second:.1f} a second, drawn by the seed {outcome.order.seed}."
        )
    if outcome.interrupted:
        click.echo("It was interrupted; what was not played is missing.")


def _replay(line: str, options: dict[str, Any], *, as_json: bool) -> ExitCode:
    """Play one case, and show all that went by."""
    from selfrenew_emulator.campaign.case import Case  # noqa: PLC0415  heavy, not for --help
    from selfrenew_emulator.campaign.client import find_client  # noqa: PLC0415
    from selfrenew_emulator.campaign.kills import KILLED, Kill, play_kill  # noqa: PLC0415
    from selfrenew_emulator.campaign.scenarios import play  # noqa: PLC0415
    from selfrenew_emulator.campaign.working import be_quiet  # noqa: PLC0415
    from selfrenew_emulator.campaign.world import World  # noqa: PLC0415

    client = options["client"]
    be_quiet()
    killed = Kill.read(line) if line.startswith(KILLED) else None
    case = Case.read(line) if killed is None else None
    with World(find_client(client), options["seed"]) as world:
        result = play_kill(world, killed, client) if killed else play(world, case)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(result.as_json()))
    else:
        for number, run in enumerate(result.runs, 1):
            click.echo(f"Run {number}:")
            for each in run.timeline:
                click.echo(f"  {each}")
            code = "killed" if run.code is None else f"exit code {run.code}"
            click.echo(f"  {code}: {run.text}")
        struck = ", ".join(result.struck) or "nothing"
        click.echo(f"{result.verdict.value}; what struck: {struck}.")
        for each in result.violations:
            click.echo(f"Broken: {each}")
    return ExitCode.INVARIANT_BROKEN if result.violations else ExitCode.DONE
