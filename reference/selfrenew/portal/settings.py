# SPDX-License-Identifier: Apache-2.0
"""What a portal has to be told of itself and of its organisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from .compatibility import BrowserTable

OPERATION = "operation"
"""The name in the address that says what the page is opened for."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a person turns to; `further` are the organisation's own, by the name it gives them."""

    it: str
    registration_authority: str
    further: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """The portal's address as people open it, the agent it speaks to, browsers and contacts."""

    url: str
    agent_port: int
    minimum_version: str
    browsers: BrowserTable
    contacts: Contacts

    @property
    def origin(self) -> str:
        """The origin of the address, as browsers send it (RFC 6454, 6.2)."""
        parts = urlsplit(self.url)
        default = {"https": 443, "http": 80}.get(parts.scheme)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = "" if parts.port in {None, default} else f":{parts.port}"
        return f"{parts.scheme}://{host}{port}"

    @property
    def base(self) -> str:
        """The path of the address, below which page and session live."""
        path = urlsplit(self.url).path or "/"
        return path if path.endswith("/") else path.rpartition("/")[0] + "/"

    @property
    def operations(self) -> frozenset[str]:
        """What `operation` may be in an address that opens the page."""
        return frozenset(parse_qs(urlsplit(self.url).query).get(OPERATION, ()))

    @property
    def agent_origin(self) -> str:
        """Where the page finds the agent."""
        return f"http://127.0.0.1:{self.agent_port}"
