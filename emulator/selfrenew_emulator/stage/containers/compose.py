# SPDX-License-Identifier: Apache-2.0
"""The stage of compose.yaml, for programs in its network. Run as a program it prepares a renewal.

Somebody's card with 30 days left is put into the reader, and configurations for `selfrenew` and its
portal are written to the shared folder. The card's passcode is the test value.
"""

import os
from pathlib import Path

from selfrenew_emulator.stage.configuration import StageUrls
from selfrenew_emulator.stage.errors import StageError
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_emulator.stage.remote.client import wait_for
from selfrenew_emulator.stage.remote.stage import Controls, RemoteStage
from selfrenew_emulator.stage.server import CMP_PATH

from .blueprint import CA, PORTAL, READER, SERVICES, SOCKET_MOUNT, STAGE_MOUNT, Blueprint
from .container import READY_SECONDS

PORT_VARIABLE = "PORT_PORTAL"


class ComposedPortal:
    """The portal of compose.yaml, which docker-compose starts and stops."""

    def __init__(self) -> None:
        inside = PORTAL.ports["portal"]
        self.port = int(os.environ.get(PORT_VARIABLE) or inside)
        self.listen = f"0.0.0.0:{inside}"
        self.spine = _url(SERVICES, "spine", "https")

    def start(self, fault: str | None = None) -> None:
        """Raise StageError."""
        raise StageError(
            f"Starting the portal with {fault or 'no fault'} failed: it is docker-compose's. "
            "Start it there: docker-compose --profile portal up --detach portal"
        )

    def stop(self) -> None:
        """Leave it as it is."""


def composed_stage() -> RemoteStage:
    """Wait for the services and give the stage of them. Raise StageError."""
    controls = Controls(*(_url(each, "control") for each in (CA, SERVICES, READER)))
    for url in (controls.ca, controls.services, controls.reader):
        wait_for(url, READY_SECONDS)
    return RemoteStage(
        StageFolder(Path(STAGE_MOUNT)),
        StageUrls(
            cmp_http=_url(CA, "cmp_http") + CMP_PATH,
            cmp_https=_url(CA, "cmp_https", "https") + CMP_PATH,
            management=_url(SERVICES, "management", "https"),
            spine=_url(SERVICES, "spine", "https"),
            desk=_url(SERVICES, "control"),
            mail=_url(SERVICES, "mail", "smtp"),
        ),
        controls,
        ComposedPortal(),
        socket_file=Path(SOCKET_MOUNT) / "pcscd.comm",
    )


def _url(service: Blueprint, port: str, scheme: str = "http") -> str:
    return f"{scheme}://{service.name}:{service.ports[port]}"


def main() -> None:
    """Prepare a renewal."""
    with composed_stage() as stage:
        if stage.reader.card_present:
            stage.reader.remove()
        person = stage.make_person()
        stage.reader.insert(stage.make_card(person, days_left=30))
        stage.write_portal()
        print(f"{person.name}'s card is in {stage.reader.name}.", flush=True)  # noqa: T201  told to people


if __name__ == "__main__":
    main()
