# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator up`: a stage for people and for programs in other languages."""

import json
import os
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from selfrenew.clock import system_clock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_emulator.stage.server import settle

from .passcode import passcode_from
from .serving import fault_option, say_struck

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON once ready.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep keys, databases, cards and mail in this folder for the next start.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the CA's plain HTTP address.  [default: the last one, or any free one]",
)
@click.option(
    "--days-left",
    type=click.IntRange(-3000, 3000),
    default=30,
    show_default=True,
    help="Days until the certificates of the new card alice.card expire, from its making on: a "
    "moment later whole days are one less.",
)
@fault_option("CA", "MAIL", example="ca.unreachable")
def up(
    *,
    as_json: bool,
    state: Path | None,
    port: int | None,
    days_left: int,
    faults: tuple[str, ...],
) -> None:
    """\b
    selfrenew-emulator up
    selfrenew-emulator up --state bench --json
    selfrenew-emulator up --state bench --fault ca.answer-lost:at=cr,times=1

    Keep a stage running until Ctrl-C or SIGTERM: CA, card management, Spine and mail server on
    loopback, configurations for selfrenew and its portal, and a card image alice.card. The card's
    passcode is taken from SELFRENEW_PASSCODE; without it, it is the test value 123456. Faults of
    the CA and of the mail are armed by --fault; cards are made in spite of them.
    """  # noqa: D205, D301, D400  help opens with two examples
    # Before any thread starts, so that each inherits the mask and only sigwait sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with ExitStack() as stack:
        if state is None:
            temporary = tempfile.TemporaryDirectory(prefix="selfrenew-stage-")
            folder = Path(stack.enter_context(temporary))
        else:
            folder = state
        ports = {} if port is None else {"cmp_http": port}
        stage = stack.enter_context(EmbeddedStage(clock=system_clock, state=folder, ports=ports))
        stage.add_portal()
        if not stage.folder.card_file.exists():
            passcode = passcode_from(os.environ)
            person = stage.make_person()
            stage.write_card(
                stage.folder.card_file,
                stage.make_card(person, days_left=days_left, passcode=passcode),
            )
        board = FaultBoard()
        stage.suffer(board)
        for order in faults:
            board.arm(order)
        settle()
        click.echo(json.dumps(_summary(stage)) if as_json else _for_people(stage, kept=bool(state)))
        signal.sigwait(_ENDING)
        if faults and not as_json:
            say_struck(board.history)


def _summary(stage: EmbeddedStage) -> dict[str, object]:
    enrolment = stage.enrolment
    return {
        "cmp": stage.urls.cmp_http,
        "root": str(stage.root_file),
        "enrolment": {
            "reference": enrolment.reference,
            "secret_file": str(stage.folder.enrolment_secret_file),
        },
        "management": stage.urls.management,
        "spine": stage.urls.spine,
        "mail": stage.urls.mail,
        "mail_folder": str(stage.folder.mail_folder),
        "config": str(stage.config_file),
        "portal_config": str(stage.folder.portal_config_file),
    }


def _for_people(stage: EmbeddedStage, *, kept: bool) -> str:
    urls, folder = stage.urls, stage.folder
    secret = folder.enrolment_secret_file
    lines = [
        "A stage is running. Not for production: its keys and cards are for tests.",
        "",
        f"  CA (CMP)          {urls.cmp_http}",
        f"                    {urls.cmp_https}",
        f"  Card management   {urls.management}",
        f"  Spine             {urls.spine}",
        f"  Mail (SMTP)       {urls.mail}",
        f"  Mail that came    {folder.mail_folder / 'new'}",
        f"  Root certificate  {stage.root_file}",
        f"  Configuration     {stage.config_file}",
        f"  Portal's          {folder.portal_config_file}",
        f"  Card image        {folder.card_file}",
        "",
        "Next, in another terminal (the passcode is 123456 unless SELFRENEW_PASSCODE was set):",
        "",
        f"  selfrenew --config {stage.config_file} status",
        f"  selfrenew --config {stage.config_file} renew",
        f"  selfrenew portal --config {folder.portal_config_file}",
        f"  selfrenew --config {stage.config_file} agent",
        f"  selfrenew-emulator card make {folder.path / 'bob.card'} --name 'Bob Brown'",
        "  openssl ecparam -name prime256v1 -genkey -noout -out key.pem",
        (
            f"  openssl cmp -cmd ir -server {urls.cmp_http} -ref {stage.enrolment.reference} "
            f"-secret file:{secret} -trusted {stage.root_file} -newkey key.pem "
            "-subject '/CN=Example' -certout certificate.pem"
        ),
        "",
        "Everything is kept for the next start. " if kept else "The folder goes with the stage. ",
    ]
    lines[-1] += "Ctrl-C stops it."
    return "\n".join(lines)
