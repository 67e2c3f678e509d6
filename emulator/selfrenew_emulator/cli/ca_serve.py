# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca serve`: the CA as a program of its own."""

import signal
from pathlib import Path

import click

from .serving import (
    CLOCK,
    FOLDER,
    NAMES,
    block_ending,
    fault_option,
    listening_options,
    port_option,
    say_ready,
)


@click.command(short_help="Keep a CA running that speaks CMP.")
@click.option(
    "--state", type=FOLDER, help="Keep keys and database here.  [default: nothing is kept]"
)
@click.option(
    "--shared",
    type=FOLDER,
    help="Write root.pem, enrolment.secret and control.token here.  [default: the state folder, "
    "or one of its own that goes with the CA]",
)
@listening_options
@NAMES
@port_option("--port", "CMP over HTTP")
@port_option("--tls-port", "CMP over HTTPS")
@port_option("--status-port", "OCSP and CRLs")
@port_option("--control-port", "the control API")
@CLOCK
@fault_option("CA", example="ca.waiting:times=1")
@click.option(
    "--seed",
    help="Repeat what varies on purpose: the length of serial numbers, the order of certificates, "
    "which answers come in chunks.  [default: another one each time, which is printed]",
)
def serve(
    *,
    state: Path | None,
    shared: Path | None,
    host: str,
    names: tuple[str, ...],
    as_json: bool,
    port: int,
    tls_port: int,
    status_port: int,
    control_port: int,
    clock: Path | None,
    faults: tuple[str, ...],
    seed: str | None,
) -> None:
    """\b
    selfrenew-emulator ca serve
    selfrenew-emulator ca serve --state ca --port 8080 --json

    Keep a CA running until Ctrl-C or SIGTERM: CMP, EST, OCSP, CRLs, and a control API by which it
    is asked and told things with a token. It prints where each is, its root certificate's file, and
    a reference with the file of its secret, under which anybody may ask for certificates. Faults
    are armed by --fault, or later by the control API: POST and DELETE /faults; GET /exchanges tells
    what was asked and answered. What a state folder keeps outlives a kill.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.stage.server import settle  # noqa: PLC0415  heavy
    from selfrenew_emulator.stage.serving.ca import serve_ca  # noqa: PLC0415  the same
    from selfrenew_emulator.stage.serving.listening import Listen  # noqa: PLC0415  the same

    ending = block_ending()
    with serve_ca(
        state,
        shared,
        Listen(host, names),
        port=port,
        tls_port=tls_port,
        status_port=status_port,
        control_port=control_port,
        clock=clock,
        faults=faults,
        seed=seed,
    ) as said:
        settle()
        say_ready("The CA", said, as_json=as_json)
        signal.sigwait(ending)
