# SPDX-License-Identifier: Apache-2.0
"""A portal on loopback whose Spine is the stage's, for tests of its server and of its page."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from selfrenew.clock import Clock
from selfrenew.config import assemble, load_configuration
from selfrenew.http import open_http
from selfrenew.portal import (
    Assets,
    Contacts,
    PortalSettings,
    load_table,
    portal_application,
)
from selfrenew.secret import Secret
from selfrenew.services import SpineClient
from selfrenew_emulator.faults import PortalFaults
from selfrenew_emulator.stage import EmbeddedStage, Endpoint, LocalStage, Servers, bind
from selfrenew_emulator.stage.tls import server_context

CONTACTS = Contacts(
    "ext 5499, or log a job via the Service Desk icon on your desktop",
    "the RA office, ext 2462",
    {
        "Recruitment": "ext 4666, recruitment@rlbuht.nhs.uk",
        "Workforce": "ext 2462, workforce@rlbuht.nhs.uk",
    },
)
PAGE = "/urswebapp/?operation=selfRenewSmartcard"


def settings_for(
    origin: str = "https://portal.test",
    *,
    agent_port: int = 43485,
    table: str = "modern",
    minimum_version: str = "0.1",
) -> PortalSettings:
    return PortalSettings(origin + PAGE, agent_port, minimum_version, load_table(table), CONTACTS)


@dataclass
class RunningPortal:
    """A portal at a port of its own; stopped and started, it has forgotten its sessions.

    Its port is its own from the beginning, so that an agent may know it before it starts.
    """

    stage: LocalStage
    assets: Assets
    clock: Clock
    agent_port: int
    around: Any = None
    minimum_version: str = "0.1"
    fault: str | None = None
    _servers: Servers | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._listener: socket.socket | None = bind()
        self.port = self._listener.getsockname()[1]
        self.origin = f"https://127.0.0.1:{self.port}"
        self.url = self.origin + PAGE
        self._http = open_http(self.stage.root_file, timeout_seconds=60)
        self.tls = server_context(self.stage.ca)

    def start(self) -> None:
        application = portal_application(
            settings_for(
                self.origin, agent_port=self.agent_port, minimum_version=self.minimum_version
            ),
            spine=SpineClient(self.stage.urls.spine, self._http),
            assets=self.assets,
            clock=self.clock,
        )
        served = application if self.around is None else self.around(application)
        if self.fault is not None:
            served = PortalFaults(served)
            served.arm(self.fault)
        listener, self._listener = self._listener or bind(self.port), None
        self._servers = Servers([Endpoint(served, listener, self.tls)])
        self._servers.start()

    def stop(self) -> None:
        if self._servers is not None:
            self._servers.stop()
            self._servers = None

    def close(self) -> None:
        self.stop()
        if self._listener is not None:
            self._listener.close()
        self._http.close()


@contextlib.contextmanager
def running_portal(
    stage: LocalStage, assets: Assets, agent_port: int, **options: Any
) -> Iterator[RunningPortal]:
    portal = RunningPortal(stage, assets, options.pop("clock", stage.clock), agent_port, **options)
    portal.start()
    try:
        yield portal
    finally:
        portal.close()


def spine_ticket(stage: EmbeddedStage) -> str:
    """Sign a person in as an agent does, and give the ticket."""
    stage.reader.insert(stage.make_card(stage.make_person()))
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        login = reference.session().sign_in(Secret("123456"), lambda roles: roles[0])
    return login.spine.ticket


def trusting(stage: EmbeddedStage, **options: Any) -> httpx.Client:
    context = ssl.create_default_context(cafile=stage.root_file)
    return httpx.Client(verify=context, trust_env=False, timeout=60, **options)
