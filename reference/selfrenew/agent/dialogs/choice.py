# SPDX-License-Identifier: Apache-2.0
"""Windows where there is a display, else the terminal."""

import os
import sys
from collections.abc import Mapping

from selfrenew.agent.errors import NoDialogsError

from .protocol import Dialogs
from .terminal import TerminalDialogs


def open_dialogs(environ: Mapping[str, str] = os.environ, *, windows: bool = True) -> Dialogs:
    """Open the dialogs that this session has. Raise NoDialogsError."""
    if windows and _has_display(environ):
        try:
            # Not every Python comes with Tk, and a terminal does without.
            from .windows import WindowDialogs, can_open  # noqa: PLC0415

            if can_open():
                return WindowDialogs()
        except ImportError:
            pass
    if sys.stdin.isatty():
        return TerminalDialogs(sys.stdin, sys.stderr)
    raise NoDialogsError


def _has_display(environ: Mapping[str, str]) -> bool:
    return sys.platform in {"win32", "darwin"} or bool(environ.get("DISPLAY"))
