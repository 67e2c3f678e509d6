# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca update-root`: announces the next root."""

import json
from pathlib import Path

import click

from .ca_state import JSON, kept_ca, require_new, state_options, write_new


@click.command("update-root", short_help="Announce a new root, which genm then tells of.")
@state_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the new root into this file, as PEM.",
)
@click.option("--force", is_flag=True, help="Overwrite the file where it is there.")
@JSON
def update_root(
    *, state: Path, clock: Path | None, out: Path | None, force: bool, as_json: bool
) -> None:
    """\b
    selfrenew-emulator ca update-root --state ca
    selfrenew-emulator ca update-root --state ca --out next.pem --json

    Make a new root and the certificates that link the old one and it. Whoever asks with genm for
    rootCaCert is told of them from then on, by a running CA too; the old root goes on issuing.
    """  # noqa: D205, D301, D400  help opens with two examples
    if out is not None:
        require_new(out, force=force)
    with kept_ca(state, clock) as ca:
        identity = ca.update_root().identity
    new = identity.certificate
    if out is not None:
        write_new(out, identity.certificate_pem, force=force)
    told = {
        "serial": f"{new.serial_number:x}",
        "not_after": new.not_valid_after_utc.isoformat(),
        "root": None if out is None else str(out),
    }
    end = new.not_valid_after_utc.date()
    line = f"Announced the root {told['serial']}, valid until {end}."
    click.echo(json.dumps(told) if as_json else line)
