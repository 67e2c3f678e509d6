# SPDX-License-Identifier: Apache-2.0
"""The page in the browser: the Smartcard Service, its sessions, and which browsers it takes."""

from .application import portal_application
from .assets import Assets, load_assets
from .compatibility import BrowserTable, load_table
from .errors import AssetsMissingError, BrowserTableError, PortalError, PortTakenError
from .serving import bind, serve
from .settings import Contacts, PortalSettings

__all__ = [
    "Assets",
    "AssetsMissingError",
    "BrowserTable",
    "BrowserTableError",
    "Contacts",
    "PortTakenError",
    "PortalError",
    "PortalSettings",
    "bind",
    "load_assets",
    "load_table",
    "portal_application",
    "serve",
]
