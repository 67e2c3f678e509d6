# SPDX-License-Identifier: Apache-2.0
"""The containers stage: a fleet, and the stage of the programs in it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from selfrenew_emulator.stage.configuration import StageUrls
from selfrenew_emulator.stage.local import DEFAULT_NOW
from selfrenew_emulator.stage.remote.stage import Controls, RemoteStage, shared_clock
from selfrenew_emulator.stage.server import CMP_PATH

from .blueprint import CA, PORTAL, READER, SERVICES
from .fleet import Fleet


class PortalContainer:
    """The portal in its container; each start makes a new one, at the same port."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._running = False
        self._ports = fleet.choose_ports(PORTAL)
        self.port = self._ports["portal"]
        self.listen = f"0.0.0.0:{PORTAL.ports['portal']}"
        self.spine = f"https://{SERVICES.name}:{SERVICES.ports['spine']}"

    def start(self, fault: str | None = None) -> None:
        """Start it, with a fault or none, and return once it is well. Raise StageError."""
        self._fleet.give(self._fleet.folder.portal_key_file)
        faults = () if fault is None else ("--fault", fault)
        plan = replace(PORTAL, arguments=(*PORTAL.arguments, *faults))
        self._fleet.launch(plan, ports={PORTAL.name: self._ports})
        self._running = True

    def stop(self) -> None:
        """End it; ending it twice is harmless."""
        if self._running:
            self._running = False
            self._fleet.dismiss(PORTAL.name)


class ContainersStage(RemoteStage):
    """A stage in containers, which are started as it is made and cleared away as it is left.

    Things can be made to happen to them by `fleet`. The options are `Fleet`'s. Raise StageError.
    """

    def __init__(
        self, *, logs: Path | None = None, state_bytes: Mapping[str, int] | None = None
    ) -> None:
        with ExitStack() as stack:
            fleet = stack.enter_context(Fleet(logs=logs, state_bytes=state_bytes))
            shared_clock(fleet.folder).set(DEFAULT_NOW)
            fleet.launch(CA, READER, SERVICES)
            ca, services, reader = fleet[CA.name], fleet[SERVICES.name], fleet[READER.name]
            super().__init__(
                fleet.folder,
                StageUrls(
                    cmp_http=ca.url("cmp_http") + CMP_PATH,
                    cmp_https=ca.url("cmp_https", "https") + CMP_PATH,
                    management=services.url("management", "https"),
                    spine=services.url("spine", "https"),
                    desk=services.url("control"),
                    mail=services.url("mail", "smtp"),
                ),
                Controls(ca.url("control"), services.url("control"), reader.url("control")),
                PortalContainer(fleet),
                socket_file=fleet.pcscd_socket,
            )
            self.fleet = fleet
            self._containers = stack.pop_all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the programs, and clear their containers away."""
        try:
            super().__exit__(kind, error, traceback)
        finally:
            self._containers.__exit__(kind, error, traceback)

    def collect_logs(self, folder: Path) -> None:
        """Write each container's log, and what the daemon knows of it, into a folder."""
        self.fleet.collect_logs(folder)
