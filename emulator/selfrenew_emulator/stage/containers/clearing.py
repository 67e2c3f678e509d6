# SPDX-License-Identifier: Apache-2.0
"""Clears a fleet away, and does so by itself when who started the fleet ends in any way.

As a program it waits for the end of its standard input, which only ends with the process that holds
the other side. It is run by its path and imports little until then.
"""

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient

FLEET_LABEL = "org.selfrenew.fleet"
OWNER_LABEL = "org.selfrenew.owner"
FOLDER_LABEL = "org.selfrenew.folder"
FOLDER_PREFIX = "selfrenew-fleet-"
DONE = b"done\n"
"""Tells the program that there is nothing left to do."""
_ATTEMPTS = 50
_PAUSE_SECONDS = 0.2


def clear_fleet(client: "DockerClient", fleet: str, folder: Path) -> None:
    """Remove what carries a fleet's label, and its folder. Raise docker's APIError."""
    chosen: dict[str, str | list[str] | bool] = {"label": f"{FLEET_LABEL}={fleet}"}
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        _remove(container, force=True, v=True)
    for network in client.networks.list(filters=chosen):
        _remove(network)
    for volume in client.volumes.list(filters=chosen):
        _remove(volume, force=True)
    if folder.name.startswith(FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _remove(thing: Any, **options: bool) -> None:
    from docker.errors import APIError, NotFound  # noqa: PLC0415  see the module's docstring

    # What is being removed already, or is used by what is, says so until it is gone.
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            thing.remove(**options)
        except NotFound:
            return
        except APIError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def main(fleet: str, folder: str) -> int:
    """Wait, and clear away unless told that it is done."""
    if sys.stdin.buffer.read() == DONE:
        return 0
    from docker import DockerClient  # noqa: PLC0415  see the module's docstring

    client = DockerClient.from_env()
    try:
        clear_fleet(client, fleet, Path(folder))
    finally:
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
