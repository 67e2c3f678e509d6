# SPDX-License-Identifier: Apache-2.0
"""What keeps a portal from starting.

PortalError
├── BrowserTableError    the table of browsers cannot be used
├── AssetsMissingError   the page's style sheet was not built
└── PortTakenError       the address belongs to another program, or to nobody here
"""

from pathlib import Path

from selfrenew import messages


class PortalError(Exception):
    """A portal cannot start."""


class BrowserTableError(PortalError):
    """The table is missing, or a row of it says nothing that can be judged by."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(messages.BROWSER_TABLE_UNREADABLE.format(source=source, why=reason))


class AssetsMissingError(PortalError):
    """The style sheet that a wheel brings along is not beside the source."""

    def __init__(self, folder: Path) -> None:
        super().__init__(messages.ASSETS_MISSING.format(folder=folder))


class PortTakenError(PortalError):
    """Nothing can listen there."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(messages.PORTAL_PORT_TAKEN.format(host=host, port=port, why=reason))
