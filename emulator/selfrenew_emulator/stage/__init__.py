# SPDX-License-Identifier: Apache-2.0
"""A stage: card, CA, card management and Spine, wired and started."""

from .configuration import StageUrls
from .embedded import DEFAULT_NOW, TEST_PASSCODE, EmbeddedStage
from .errors import DeskRefusedError, DeskUnreachableError, PortTakenError, StageError, StateError
from .server import Endpoint, Servers, bind

__all__ = [
    "DEFAULT_NOW",
    "TEST_PASSCODE",
    "DeskRefusedError",
    "DeskUnreachableError",
    "EmbeddedStage",
    "Endpoint",
    "PortTakenError",
    "Servers",
    "StageError",
    "StageUrls",
    "StateError",
    "bind",
]
