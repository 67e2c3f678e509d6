# SPDX-License-Identifier: Apache-2.0
"""The CA that a state folder keeps, opened beside a `ca serve` or `up` that may run on it.

Both write through sqlite's WAL, each change whole; what runs notices what was changed here.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from selfrenew_emulator.ca import CertificateAuthority
from selfrenew_emulator.clock import clock_from
from selfrenew_emulator.randomness import system_randomness
from selfrenew_emulator.stage import StateError
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_emulator.stage.services import open_authority

_Command = TypeVar("_Command", bound=Callable[..., Any])
OUT = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SELFRENEW_STATE",
        required=True,
        help="The state folder of the CA, which may be running.",
    ),
    click.option(
        "--clock",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file with the time to go by.  [default: the system's clock]",
    ),
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def state_options(command: _Command) -> _Command:
    """Add the options that name a kept CA."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def kept_ca(state: Path, clock: Path | None) -> Iterator[CertificateAuthority]:
    """Open the CA of a state folder, and close it. Raise StateError."""
    folder = StageFolder(state)
    if not (folder.ca_folder / "keys").is_dir():
        remedy = f"Start one there first: selfrenew-emulator ca serve --state {state}"
        raise StateError(state, "it holds no CA", remedy)
    with open_authority(folder, clock_from(clock), system_randomness, published_at=None) as ca:
        yield ca


def require_new(*paths: Path, force: bool = False) -> None:
    """See that files can be written by `write_new` later. Raise UsageError."""
    for path in paths:
        if path.exists() and not force:
            raise click.UsageError(f"{path} is there already; --force overwrites it.")
        if not path.parent.is_dir():
            raise click.UsageError(f"Writing {path} failed: there is no folder {path.parent}.")


def write_new(path: Path, data: bytes, *, secret: bool = False, force: bool = False) -> None:
    """Write a file that is not there yet; a secret only its owner can read. Raise UsageError."""
    try:
        if force:
            path.unlink(missing_ok=True)
        mode = 0o600 if secret else 0o644
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise click.UsageError(f"{path} is there already; --force overwrites it.") from error
    except OSError as error:
        raise click.UsageError(f"Writing {path} failed: {error.strerror}.") from error
