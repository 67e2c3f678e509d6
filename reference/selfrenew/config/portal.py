# SPDX-License-Identifier: Apache-2.0
"""The portal put together as its own configuration says.

It is another file than an agent's, since a portal runs on another machine. The entry point group
`selfrenew.applications` offers `open_portal`, for programs that put something before it.
"""

import importlib.util
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx
from starlette.types import ASGIApp

from selfrenew import messages
from selfrenew.clock import Clock, system_clock
from selfrenew.http import one_line
from selfrenew.services import SpineClient

from .configuration import ContactSettings, ServiceSettings, TlsSettings
from .errors import ConfigurationError
from .tables import Address, TableReader, further
from .trust import open_trusting_http

PORTAL_CONFIG_VARIABLE = "SELFRENEW_PORTAL_CONFIG"
_LISTEN = Address("127.0.0.1", 8443)
_EXTRA = ("jinja2", "ua_parser")


@dataclass(frozen=True, slots=True)
class PortalTable:
    """The portal's address as people open it, where it listens, and its TLS certificate and key."""

    url: str
    certificate: Path
    key: Path
    listen: Address = _LISTEN


@dataclass(frozen=True, slots=True)
class AgentTable:
    """Where the page finds the agent, and from which version on it works with it."""

    port: int = 43485
    minimum_version: str = "0.1"


@dataclass(frozen=True, slots=True)
class BrowsersTable:
    """The table of browsers: a built-in one by name, or a file."""

    table: str = "modern"


@dataclass(frozen=True, slots=True)
class ContactsTable:
    """Whom a person turns to; any further keys are contacts by the organisation's own names."""

    it: str = ContactSettings().it
    registration_authority: str = ContactSettings().registration_authority
    others: Mapping[str, str] = further()


@dataclass(frozen=True, slots=True)
class PortalConfiguration:
    """Everything a portal has to be told before it starts; `source` is the file, for errors."""

    source: Path
    portal: PortalTable
    spine: ServiceSettings
    tls: TlsSettings
    agent: AgentTable
    browsers: BrowsersTable
    contacts: ContactsTable


_READER = TableReader(
    {
        "portal": PortalTable,
        "spine": ServiceSettings,
        "tls": TlsSettings,
        "agent": AgentTable,
        "browsers": BrowsersTable,
        "contacts": ContactsTable,
    },
    PORTAL_CONFIG_VARIABLE,
    "portal",
)


def load_portal_configuration(
    path: Path | None = None, environ: Mapping[str, str] | None = None
) -> PortalConfiguration:
    """Load a portal's configuration; None takes the file SELFRENEW_PORTAL_CONFIG names.

    Raise ConfigurationError.
    """
    source, tables = _READER.read(path, environ)
    return PortalConfiguration(source, **tables)


@dataclass(frozen=True, slots=True)
class Portal(AbstractContextManager["Portal"]):
    """A portal that can be served; close it when done."""

    configuration: PortalConfiguration
    application: ASGIApp
    tls: ssl.SSLContext = field(repr=False)
    http: httpx.Client = field(repr=False)

    def serve(self, ready: Callable[[str], None], *, application: ASGIApp | None = None) -> None:
        """Serve until SIGINT or SIGTERM, telling the address once connections are accepted.

        Another `application`, such as one around the portal's own, is served in its stead. Raise
        ConfigurationError where nothing can listen there.
        """
        from selfrenew.portal import PortalError, bind, serve  # noqa: PLC0415  needs an extra

        wanted = self.configuration.portal.listen
        try:
            listener = bind(wanted.host, wanted.port)
        except PortalError as error:
            raise ConfigurationError(str(error)) from error
        with listener:
            host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
            address = f"https://{host}:{listener.getsockname()[1]}"
            serve(application or self.application, listener, self.tls, lambda: ready(address))

    def close(self) -> None:
        """Close the connections to the Spine."""
        self.http.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_portal(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    clock: Clock = system_clock,
) -> Portal:
    """Load a configuration and put its portal together. Raise ConfigurationError."""
    return assemble_portal(load_portal_configuration(path, environ), clock=clock)


def assemble_portal(configuration: PortalConfiguration, *, clock: Clock = system_clock) -> Portal:
    """Put a portal together. Raise ConfigurationError."""
    _require_extra()
    from selfrenew import portal  # noqa: PLC0415  needs the extra

    contacts = configuration.contacts
    try:
        settings = portal.PortalSettings(
            configuration.portal.url,
            configuration.agent.port,
            configuration.agent.minimum_version,
            portal.load_table(configuration.browsers.table, configuration.source.parent),
            portal.Contacts(contacts.it, contacts.registration_authority, contacts.others),
        )
        assets = portal.load_assets()
    except portal.PortalError as error:
        raise ConfigurationError(str(error)) from error
    tls = _server_context(configuration.portal)
    http = open_trusting_http(configuration.tls.trust_anchors)
    spine = SpineClient(configuration.spine.url, http)
    application = portal.portal_application(settings, spine=spine, assets=assets, clock=clock)
    return Portal(configuration, application, tls, http)


def _require_extra() -> None:
    for name in _EXTRA:
        if importlib.util.find_spec(name) is None:
            raise ConfigurationError(messages.PORTAL_EXTRA_MISSING.format(name=name))


def _server_context(table: PortalTable) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (table.certificate, table.key):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                messages.PORTAL_TLS_UNREADABLE.format(path=path, why=error.strerror)
            ) from error
    try:
        context.load_cert_chain(table.certificate, table.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            messages.PORTAL_TLS_UNUSABLE.format(
                certificate=table.certificate, key=table.key, why=one_line(str(error))
            )
        ) from error
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask for one at the terminal.
    raise ValueError("the key is protected by a password")
