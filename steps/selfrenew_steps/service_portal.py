# SPDX-License-Identifier: Apache-2.0
"""The portal as steps know it, and the one that is a program of another process."""

import socket
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
    """The portal of a stage whose programs run apart.

    It is started anew only where it is told something else than what it runs with: that takes
    seconds, and each desktop has sessions of its own. So that desktops need not tell it another
    port each, one is kept for all of their agents.
    """

    minimum_version: str
    fault: str | None

    def __init__(self, stage: RemoteStage) -> None:
        self._stage = stage
        self._kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # An agent binds it beside this, which does not listen, and nobody else is given it.
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.agent_port: int = self._kept.getsockname()[1]
        self.origin = f"https://127.0.0.1:{stage.portal.port}"
        self.url = self.origin + PAGE
        self._running: tuple[int, str, str | None] | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what a test has told it."""
        self.minimum_version = "0.1"
        self.fault = None

    def start(self) -> None:
        told = self.agent_port, self.minimum_version, self.fault
        if told == self._running and self._answers():
            return
        self.stop()
        contacts = asdict(CONTACTS)
        self._stage.write_portal(
            agent={"port": self.agent_port, "minimum_version": self.minimum_version},
            contacts={**contacts.pop("further"), **contacts},
        )
        self._stage.portal.start(self.fault)
        self._running = told

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._stage.portal.port), 5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self._running = None
        self._stage.portal.stop()

    def close(self) -> None:
        """End it, and keep the port no longer."""
        self.stop()
        self._kept.close()
