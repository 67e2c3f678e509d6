# SPDX-License-Identifier: Apache-2.0
"""The reference put together as a configuration says: reader, clients of the services, trust."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType

import httpx
from cryptography import x509

from selfrenew.agent import AgentSession
from selfrenew.clock import Clock, system_clock
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient
from selfrenew.http import one_line, open_http
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.renewal import Event, Renewal
from selfrenew.renewal.workflow import Services
from selfrenew.secret import Secret
from selfrenew.services import CardManagementClient, SpineClient
from selfrenew.transport.connection import CardConnection, Reader

from .configuration import Configuration
from .errors import ConfigurationError

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

    def renewal(
        self,
        passcode: Secret,
        *,
        connection: CardConnection | None = None,
        algorithm: Algorithm | None = None,
        guid: bytes | None = None,
        observe: Callable[[Event], None] = lambda _: None,
    ) -> Renewal:
        """Prepare a renewal of the card in the reader. Raise TransportError."""
        return Renewal(
            connection or self.reader.connect(),
            self.services,
            passcode,
            self.clock,
            algorithm=algorithm,
            guid=guid,
            observe=observe,
        )

    def session(self) -> AgentSession:
        """Begin a session of the agent, nobody signed in yet."""
        return AgentSession(
            self.reader,
            self.services.spine,
            self.clock,
            portal_url=self.configuration.portal.url,
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
    configuration: Configuration, *, reader: Reader | None = None, clock: Clock = system_clock
) -> Reference:
    """Wire what a configuration names; `reader` None opens the configured one.

    Raise ConfigurationError, or TransportError where the reader cannot be opened.
    """
    trust = Trust(_trust_anchors(configuration.ca.trust_anchors))
    reader = reader or open_reader(configuration)
    http = _open_http(configuration)

    def ca(profile: str) -> CmpClient:
        url = f"{configuration.ca.url.rstrip('/')}/p/{profile}"
        return CmpClient(url, http=http, trust=trust, clock=clock)

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
        names = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(
            f"There is no transport '{wanted}' to reach cards by. Known here: {names}. Set "
            f"reader.transport in {configuration.source}, or install what provides it."
        )
    try:
        transport: Transport = known[wanted].load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"The transport '{wanted}' cannot be used: {one_line(str(error))}. Install what it "
            f"needs, or set reader.transport in {configuration.source} to another one."
        ) from error
    return transport(configuration.reader.location, configuration.source.parent)


def _open_http(configuration: Configuration) -> httpx.Client:
    anchors = configuration.tls.trust_anchors
    try:
        return open_http(anchors)
    except (OSError, ValueError) as error:
        raise ConfigurationError(_unreadable("tls", anchors, error)) from error


def _trust_anchors(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(_unreadable("ca", path, error)) from error


def _unreadable(table: str, path: Path, error: Exception) -> str:
    why = (error.strerror if isinstance(error, OSError) else None) or one_line(str(error))
    return (
        f"Reading the trust anchors {path} failed: {why}. Set {table}.trust_anchors to a file with "
        "certificates in PEM."
    )
