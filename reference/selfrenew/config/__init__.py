# SPDX-License-Identifier: Apache-2.0
"""From a configuration to a reference that is ready to be used.

with assemble(load_configuration(path)) as reference:
    reference.renew(passcode)
"""

from .assembly import TRANSPORTS, Reference, Transport, assemble, open_reader
from .configuration import (
    CONFIG_VARIABLE,
    AgentSettings,
    CaSettings,
    Configuration,
    ContactSettings,
    ReaderSettings,
    ServiceSettings,
    TlsSettings,
    load_configuration,
)
from .errors import ConfigurationError

__all__ = [
    "CONFIG_VARIABLE",
    "TRANSPORTS",
    "AgentSettings",
    "CaSettings",
    "Configuration",
    "ConfigurationError",
    "ContactSettings",
    "ReaderSettings",
    "Reference",
    "ServiceSettings",
    "TlsSettings",
    "Transport",
    "assemble",
    "load_configuration",
    "open_reader",
]
