# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator services`: card management, Spine and mail as a program of its own."""

import signal
from pathlib import Path

import click

from .serving import (
    CLOCK,
    NAMES,
    block_ending,
    fault_option,
    port_option,
    say_ready,
    serving_options,
)


@click.group()
def services() -> None:
    """\b
    selfrenew-emulator services serve --state services --shared stage --ca http://127.0.0.1:9000
    selfrenew-emulator services serve --state services --shared stage --ca http://ca:9000 --name services

    Card management, Spine and mail of a stage whose programs run apart, as in containers.
    """  # noqa: D205, D301, D400, E501  help opens with two examples


@services.command(short_help="Keep card management, Spine and mail running.")
@serving_options
@NAMES
@click.option("--ca", "ca_url", metavar="URL", required=True, help="The CA's control API.")
@port_option("--management-port", "card management")
@port_option("--spine-port", "the Spine")
@port_option("--control-port", "the control API")
@port_option("--mail-port", "the mail server")
@CLOCK
@fault_option("MAIL", example="mail.late:by=20m")
def serve(
    *,
    state: Path,
    shared: Path,
    host: str,
    names: tuple[str, ...],
    as_json: bool,
    ca_url: str,
    management_port: int,
    spine_port: int,
    control_port: int,
    mail_port: int,
    clock: Path | None,
    faults: tuple[str, ...],
) -> None:
    """\b
    selfrenew-emulator services serve --state services --shared stage --ca http://127.0.0.1:9000
    selfrenew-emulator services serve --state services --shared stage --ca http://ca:9000 --json

    Keep card management, Spine and mail running until Ctrl-C or SIGTERM, once the CA is ready that
    they rely on. People and cards are made by a control API with the token in the shared folder.
    Faults of the mail are armed by --fault, or later by the control API: POST and DELETE /faults.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.stage.server import settle  # noqa: PLC0415  heavy
    from selfrenew_emulator.stage.serving.listening import Listen  # noqa: PLC0415  the same
    from selfrenew_emulator.stage.serving.services import serve_services  # noqa: PLC0415  the same

    ending = block_ending()
    with serve_services(
        state,
        shared,
        ca_url,
        Listen(host, names),
        management_port=management_port,
        spine_port=spine_port,
        control_port=control_port,
        mail_port=mail_port,
        clock=clock,
        faults=faults,
    ) as said:
        settle()
        say_ready("Card management, Spine and mail", said, as_json=as_json)
        signal.sigwait(ending)
