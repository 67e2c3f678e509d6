# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator reader`: readers for any PC/SC program, in a pcscd of one's own."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .serving import FOLDER, block_ending, fault_option, port_option, say_ready, serving_options

if TYPE_CHECKING:
    from selfrenew_emulator.reader import PrivatePcscd


@click.group()
def reader() -> None:
    """\b
    selfrenew-emulator reader up --slots 2
    selfrenew-emulator reader up --name 'Ward 3 desk' --json

    Readers that PC/SC programs see, beside the machine's own.
    """  # noqa: D205, D301, D400  help opens with two examples


@reader.command(short_help="Keep a private pcscd with readers running.")
@click.option("--slots", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option(
    "--name",
    "names",
    multiple=True,
    help="A reader's name, for two slots each; may be repeated.  [default: selfrenew]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the first slot; the others follow.  [default: free ones]",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the daemon's socket goes.  [default: a temporary folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON once ready.")
def up(
    *, slots: int, names: tuple[str, ...], port: int | None, folder: Path | None, as_json: bool
) -> None:
    """\b
    selfrenew-emulator reader up --slots 4
    selfrenew-emulator reader up --name 'Yubico YubiKey CCID' --port 35963

    Keep a pcscd with vsmartcard's readers running until Ctrl-C or SIGTERM, in namespaces of its
    own. Programs find it by PCSCLITE_CSOCK_NAME; 'card insert' puts cards in.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.reader import PrivatePcscd  # noqa: PLC0415  heavy

    ports = None if port is None else list(range(port, port + slots))
    if ports and ports[-1] > 65535:
        raise click.UsageError(f"{slots} ports from {port} on go beyond 65535.")
    try:
        pcscd = PrivatePcscd(slots, names=names, ports=ports, folder=folder and folder.absolute())
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
    ending = block_ending(signal.SIGCHLD)
    with pcscd:
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "readers": pcscd.reader_names,
                        "ports": pcscd.ports,
                        "socket": str(pcscd.socket_file),
                    }
                )
            )
        else:
            click.echo(_for_people(pcscd.reader_names, pcscd.ports, pcscd.socket_file))
        _wait(pcscd, ending)


@reader.command(short_help="Keep a pcscd running whose cards a control API moves.")
@serving_options
@click.option("--slots", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option(
    "--reader-name",
    "reader_names",
    multiple=True,
    help="A reader's name, for two slots each; may be repeated.  [default: selfrenew]",
)
@click.option(
    "--folder", type=FOLDER, help="Where the daemon's socket goes.  [default: a temporary folder]"
)
@click.option(
    "--no-namespaces",
    is_flag=True,
    help="Run pcscd as it is, as in a container of its own: its socket is where it always is.",
)
@port_option("--control-port", "the control API")
@fault_option("CARD", "READER", example="card.removed:after=GENERATE,slot=9c")
def serve(
    *,
    state: Path,
    shared: Path,
    host: str,
    as_json: bool,
    slots: int,
    reader_names: tuple[str, ...],
    folder: Path | None,
    no_namespaces: bool,
    control_port: int,
    faults: tuple[str, ...],
) -> None:
    """\b
    selfrenew-emulator reader serve --state reader --shared stage
    selfrenew-emulator reader serve --state /state --shared /stage --no-namespaces --host 0.0.0.0

    Keep a pcscd running until Ctrl-C or SIGTERM, with cards that a control API puts in and takes
    out as images, with the token in the shared folder. Cards that are in stay in over a restart.
    Faults are armed by --fault, or later by the control API: POST and DELETE /faults.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.reader import PrivatePcscd  # noqa: PLC0415  heavy
    from selfrenew_emulator.stage.serving.reader import serve_readers  # noqa: PLC0415  the same

    try:
        pcscd = PrivatePcscd(
            slots,
            names=reader_names,
            folder=folder and folder.absolute(),
            namespaces=not no_namespaces,
        )
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
    ending = block_ending(signal.SIGCHLD)
    with serve_readers(
        state, shared, pcscd, host, control_port=control_port, faults=faults
    ) as said:
        say_ready("The readers", said, as_json=as_json)
        _wait(pcscd, ending)


def _wait(pcscd: "PrivatePcscd", ending: frozenset[signal.Signals]) -> None:
    """Return when the command is to end. Raise PcscdFailedError where the daemon does by itself."""
    from selfrenew_emulator.reader import PcscdFailedError  # noqa: PLC0415  heavy

    while signal.sigwait(ending) == signal.SIGCHLD:
        if not pcscd.running:
            raise PcscdFailedError("it has ended and could not be started again")


def _for_people(names: list[str], ports: list[int], socket_file: Path) -> str:
    lines = ["A pcscd of your own is running. Its readers, and where cards are put in:", ""]
    lines += [f"  {name}   --port {port}" for name, port in zip(names, ports, strict=True)]
    lines += [
        "",
        "Next, in another terminal:",
        "",
        f"  export PCSCLITE_CSOCK_NAME={socket_file}",
        f"  selfrenew-emulator card insert alice.card --port {ports[0]} &",
        "  opensc-tool --list-readers",
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
