# SPDX-License-Identifier: Apache-2.0
"""The agent's back channel to the portal: over TLS that is trusted by configuration, no browser."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from selfrenew import messages
from selfrenew.operation_ticket import OperationTicketError, read_jwks
from selfrenew.services import UnexpectedServiceAnswerError
from selfrenew.services.api import JsonApi, service_name, token_field

from .launch import Launch

API_VERSION = 1
_NAME = "the Smartcard Service"
_DEFAULT_PORTS = {"https": 443, "http": 80}


class PortalClient:
    """Speaks to the portal whose page is at `url`. Every method may raise ServiceError."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.origin = origin_of(url)
        """What a browser sends as the Origin of the portal's pages (RFC 6454, 6.2)."""
        folder = urlsplit(url).path.rpartition("/")[0]
        self._portal = JsonApi(_NAME, self.origin, http)
        self._application = JsonApi(_NAME, self.origin + folder, http)

    def probe(self) -> None:
        """Check that the portal is there."""
        self._portal.probe()

    def keys(self) -> Mapping[str, Ed25519PublicKey]:
        """Fetch the keys the portal signs tickets with now, by their thumbprints."""
        document = self._portal.call(messages.FETCHING_PORTAL_KEYS, "GET", "/.well-known/jwks.json")
        try:
            return read_jwks(document)
        except OperationTicketError as error:
            raise UnexpectedServiceAnswerError(
                messages.NO_PORTAL_KEYS.format(service=service_name(_NAME), why=error)
            ) from error

    def hand_over(
        self,
        launch: Launch,
        *,
        version: str,
        port: int,
        spine_ticket: str | None,
        card: bytes | None,
    ) -> str:
        """Introduce this agent, and whoever is signed in. Return the code for the browser."""
        body = {
            "launch": launch.identifier,
            "pairing_secret": launch.pairing_secret.reveal().decode(),
            "agent_version": version,
            "api": API_VERSION,
            "port": port,
            "spine_ticket": spine_ticket,
            "card": None if card is None else card.hex(),
        }
        what = messages.HANDING_OVER
        answer = self._application.call(what, "POST", "/agent/handoffs", body)
        return token_field(answer, "handoff", _NAME)


def origin_of(url: str) -> str:
    """Give the origin of a URL as browsers write it.

    >>> origin_of("https://Portal.example:443/urswebapp/?operation=selfRenewSmartcard")
    'https://portal.example'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return f"{parts.scheme}://{host}"
