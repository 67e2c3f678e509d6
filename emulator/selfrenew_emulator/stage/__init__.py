# SPDX-License-Identifier: Apache-2.0
"""A stage: card, CA, card management and Spine, wired and started."""

from .configuration import StageUrls
from .embedded import DEFAULT_NOW, TEST_PASSCODE, EmbeddedStage
from .errors import DeskRefusedError, DeskUnreachableError, PortTakenError, StageError, StateError
from .people import DEFAULT_ROLES, mail_address
from .server import Endpoint, Servers, bind

__all__ = [
    "DEFAULT_NOW",
    "DEFAULT_ROLES",
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
    "mail_address",
]
