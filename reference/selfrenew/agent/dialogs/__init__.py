# SPDX-License-Identifier: Apache-2.0
"""What the agent asks of a person and tells her, in windows or at a terminal.

`open_dialogs` takes windows where there is a display and the terminal where there is none.
"""

from .choice import open_dialogs
from .protocol import Answer, Dialogs
from .terminal import TerminalDialogs

__all__ = ["Answer", "Dialogs", "TerminalDialogs", "open_dialogs"]
