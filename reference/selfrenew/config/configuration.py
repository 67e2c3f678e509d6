# SPDX-License-Identifier: Apache-2.0
"""The configuration: which reader, which services, whom to trust.

What a reader's location means is for its transport. No secret is ever configured. How tables are
read, and what of the environment replaces them, is in `tables`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from selfrenew.agent.session_mode import SessionMode
from selfrenew.cmp.patience import PATIENCE_SECONDS

from .tables import Seconds, TableReader

CONFIG_VARIABLE = "SELFRENEW_CONFIG"
_PATIENCE = Seconds(PATIENCE_SECONDS)
_PROFILE = "{profile}"


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How the card is reached: a transport by name, and where it finds the card."""

    transport: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class CaSettings:
    """The CA: its CMP address, the profiles, the root of its certificates.

    The address says with `{profile}` where a profile's name goes; one that does not is followed by
    the path that CMP has for it (RFC 9811, 3.4).
    `patience_seconds` is how long a CA is waited for, in all, that asks to come back later.
    """

    url: str
    trust_anchors: Path
    authentication_profile: str = "authentication"
    signing_profile: str = "signing"
    patience_seconds: Seconds = _PATIENCE

    def address_of(self, profile: str) -> str:
        """Give the address at which a profile's certificates are asked for."""
        if _PROFILE in self.url:
            return self.url.replace(_PROFILE, profile)
        return f"{self.url.rstrip('/')}/p/{profile}"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """A service by its address."""

    url: str


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The roots of the services' TLS certificates."""

    trust_anchors: Path


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The agent: the port of its loopback interface (0 takes any), and how its sessions end."""

    port: int = 43485
    session: SessionMode = SessionMode.CIS1


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """Whom a person turns to."""

    registration_authority: str = "your Registration Authority"
    it: str = "your IT service desk"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything a renewal has to be told before it starts; `source` is the file, for errors."""

    source: Path
    reader: ReaderSettings
    ca: CaSettings
    management: ServiceSettings
    spine: ServiceSettings
    tls: TlsSettings
    portal: ServiceSettings
    agent: AgentSettings
    contacts: ContactSettings


# CMP protects its own messages (RFC 9811, 5). To the other services tickets, consents and the
# pairing secret travel, which have to be hidden.
_READER = TableReader(
    {
        "reader": ReaderSettings,
        "ca": CaSettings,
        "management": ServiceSettings,
        "spine": ServiceSettings,
        "tls": TlsSettings,
        "portal": ServiceSettings,
        "agent": AgentSettings,
        "contacts": ContactSettings,
    },
    CONFIG_VARIABLE,
    "selfrenew",
    plain_http=frozenset({"ca"}),
)


def load_configuration(
    path: Path | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Load a configuration; `path` None takes the file SELFRENEW_CONFIG names.

    Raise ConfigurationError.
    """
    source, tables = _READER.read(path, environ)
    return Configuration(source, **tables)
