# SPDX-License-Identifier: Apache-2.0
"""Opening what a configuration says is to be trusted."""

from pathlib import Path

import httpx

from selfrenew import messages
from selfrenew.http import one_line, open_http

from .errors import ConfigurationError


def open_trusting_http(anchors: Path) -> httpx.Client:
    """Open a client for the services. Raise ConfigurationError."""
    try:
        return open_http(anchors)
    except (OSError, ValueError) as error:
        raise ConfigurationError(unreadable("tls", anchors, error)) from error


def unreadable(table: str, path: Path, error: Exception) -> str:
    """Say why a table's trust anchors cannot be used."""
    why = (error.strerror if isinstance(error, OSError) else None) or one_line(str(error))
    return messages.ANCHORS_UNREADABLE.format(path=path, why=why, table=table)
