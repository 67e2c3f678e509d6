# SPDX-License-Identifier: Apache-2.0
"""The portal as steps know it, and the one that is a program of another process."""

from dataclasses import asdict
from typing import Protocol

from selfrenew_emulator.stage.remote import RemoteStage

from .running_portal import CONTACTS, PAGE


class ServicePortal(Protocol):
    """A portal with an address from the beginning; what it is told counts when it is started."""

    agent_port: int
    minimum_version: str
    fault: str | None
    origin: str
    url: str

    def start(self) -> None:
        """Serve the page."""

    def stop(self) -> None:
        """End it; it has then forgotten its sessions."""


class RemotePortal:
    """The portal of a stage whose programs run apart, started anew with what it is told."""

    def __init__(self, stage: RemoteStage) -> None:
        self._stage = stage
        self.agent_port = 0
        self.minimum_version = "0.1"
        self.fault: str | None = None
        self.origin = f"https://127.0.0.1:{stage.portal.port}"
        self.url = self.origin + PAGE

    def start(self) -> None:
        contacts = asdict(CONTACTS)
        self._stage.write_portal(
            agent={"port": self.agent_port, "minimum_version": self.minimum_version},
            contacts={**contacts.pop("further"), **contacts},
        )
        self._stage.portal.start(self.fault)

    def stop(self) -> None:
        self._stage.portal.stop()
