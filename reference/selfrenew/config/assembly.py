# SPDX-License-Identifier: Apache-2.0
"""The reference put together as a configuration says: reader, clients of the services, trust."""

import os
import time
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import httpx
from cryptography import x509

from selfrenew import messages
from selfrenew.agent import AgentSession
from selfrenew.clock import Clock, system_clock
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient
from selfrenew.http import one_line
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.renewal import Event, Renewal, RenewalOutcome
from selfrenew.renewal.workflow import Services
from selfrenew.secret import Secret
from selfrenew.services import CardManagementClient, SpineClient
from selfrenew.transport.connection import CardConnection, Reader

from .configuration import Configuration
from .errors import ConfigurationError
from .trust import open_trusting_http, unreadable

if TYPE_CHECKING:
    from selfrenew.agent.agent import Agent
    from selfrenew.agent.dialogs import Dialogs

TRANSPORTS = "selfrenew.transports"
"""The entry-point group of `Transport`s."""

Transport = Callable[[str, Path], Reader]
"""Opens the reader at a location; relative file names count from the folder."""


@dataclass(frozen=True, slots=True)
class Reference(AbstractContextManager["Reference"]):
    """Everything that takes part in a renewal, ready to be used; close it when done."""

    configuration: Configuration
    reader: Reader
    services: Services
    clock: Clock
    http: httpx.Client

    def renew(
        self,
        passcode: Secret,
        *,
        connection: CardConnection | None = None,
        algorithm: Algorithm | None = None,
        guid: bytes | None = None,
        observe: Callable[[Event], None] = lambda _: None,
    ) -> RenewalOutcome:
        """Renew the card in the reader, or at the other end of a connection, which stays open.

        Raise what `Renewal.run` does, or TransportError where the reader has no card.
        """
        with ExitStack() as stack:
            return Renewal(
                connection or stack.enter_context(closing(self.reader.connect())),
                self.services,
                passcode,
                self.clock,
                algorithm=algorithm,
                guid=guid,
                observe=observe,
            ).run()

    def session(self) -> AgentSession:
        """Begin a session of the agent, nobody signed in yet."""
        return AgentSession(
            self.reader,
            self.services.spine,
            self.clock,
            portal_url=self.configuration.portal.url,
        )

    def agent(
        self,
        dialogs: "Dialogs",
        *,
        environ: Mapping[str, str] = os.environ,
        describe: Callable[[Exception], str] = str,
        open_url: Callable[[str], bool] = webbrowser.open,
    ) -> "Agent":
        """Prepare the agent; enter it to start. Raise AgentError."""
        # A web server, which no other command needs.
        from selfrenew.agent.agent import Agent  # noqa: PLC0415
        from selfrenew.agent.desktop import DesktopOptions  # noqa: PLC0415
        from selfrenew.agent.portal_client import PortalClient  # noqa: PLC0415

        settings = self.configuration
        options = DesktopOptions(
            settings.portal.url, settings.agent.session, describe=describe, open_url=open_url
        )
        return Agent(
            self.session(),
            dialogs,
            options,
            reader=self.reader,
            services=self.services,
            portal=PortalClient(settings.portal.url, self.http),
            clock=self.clock,
            port=settings.agent.port,
            environ=environ,
        )

    def close(self) -> None:
        """Close the connections to the services."""
        self.http.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def assemble(
    configuration: Configuration,
    *,
    reader: Reader | None = None,
    clock: Clock = system_clock,
    http: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Reference:
    """Wire what a configuration names; `reader` None opens the configured one.

    `http` None is a client that trusts what the configuration says; one that is given is closed
    with the rest. `sleep` waits for a CA that asks to come back; with a clock that is set it can
    set that.

    Raise ConfigurationError, or TransportError where the reader cannot be opened.
    """
    trust = Trust(_trust_anchors(configuration.ca.trust_anchors))
    reader = reader or open_reader(configuration)
    http = http or open_trusting_http(configuration.tls.trust_anchors)

    def ca(profile: str) -> CmpClient:
        return CmpClient(
            configuration.ca.address_of(profile),
            http=http,
            trust=trust,
            clock=clock,
            sleep=sleep,
            patience_seconds=configuration.ca.patience_seconds,
        )

    services = Services(
        {
            KeyReference.PIV_AUTHENTICATION: ca(configuration.ca.authentication_profile),
            KeyReference.DIGITAL_SIGNATURE: ca(configuration.ca.signing_profile),
        },
        CardManagementClient(configuration.management.url, http),
        SpineClient(configuration.spine.url, http),
    )
    return Reference(configuration, reader, services, clock, http)


def open_reader(configuration: Configuration) -> Reader:
    """Open the configured reader. Raise ConfigurationError or TransportError."""
    wanted = configuration.reader.transport
    known = {point.name: point for point in entry_points(group=TRANSPORTS)}
    if wanted not in known:
        names = ", ".join(sorted(known)) or messages.NONE_AT_ALL
        raise ConfigurationError(
            messages.NO_TRANSPORT.format(wanted=wanted, names=names, source=configuration.source)
        )
    try:
        transport: Transport = known[wanted].load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            messages.TRANSPORT_UNUSABLE.format(
                wanted=wanted, why=one_line(str(error)), source=configuration.source
            )
        ) from error
    return transport(configuration.reader.location, configuration.source.parent)


def _trust_anchors(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(unreadable("ca", path, error)) from error
