# SPDX-License-Identifier: Apache-2.0
"""A stage: card, CA, card management and Spine, wired and started."""

from .configuration import StageUrls
from .embedded import EmbeddedStage
from .errors import DeskRefusedError, DeskUnreachableError, PortTakenError, StageError, StateError
from .pcsc import PcscStage
from .people import DEFAULT_ROLES, mail_address
from .server import Endpoint, Servers, bind
from .stage import DEFAULT_NOW, TEST_PASSCODE, Stage

__all__ = [
    "DEFAULT_NOW",
    "DEFAULT_ROLES",
    "TEST_PASSCODE",
    "DeskRefusedError",
    "DeskUnreachableError",
    "EmbeddedStage",
    "Endpoint",
    "PcscStage",
    "PortTakenError",
    "Servers",
    "Stage",
    "StageError",
    "StageUrls",
    "StateError",
    "bind",
    "mail_address",
]
