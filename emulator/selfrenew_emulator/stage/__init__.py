# SPDX-License-Identifier: Apache-2.0
"""A stage: card, CA, card management and Spine, wired and started."""

from .card_maker import TEST_PASSCODE, CardOptions
from .card_order import CardOrder
from .configuration import StageUrls
from .embedded import EmbeddedStage
from .errors import (
    ControlError,
    ControlRefusedError,
    ControlUnreachableError,
    DeskRefusedError,
    DeskUnreachableError,
    NoSuchCardError,
    PortTakenError,
    ProgramFailedError,
    StageError,
    StateError,
)
from .interface import Stage
from .local import DEFAULT_NOW, LocalStage
from .pcsc import PcscStage
from .people import DEFAULT_ROLES, mail_address
from .server import Endpoint, Servers, bind

__all__ = [
    "DEFAULT_NOW",
    "DEFAULT_ROLES",
    "TEST_PASSCODE",
    "CardOptions",
    "CardOrder",
    "ControlError",
    "ControlRefusedError",
    "ControlUnreachableError",
    "DeskRefusedError",
    "DeskUnreachableError",
    "EmbeddedStage",
    "Endpoint",
    "LocalStage",
    "NoSuchCardError",
    "PcscStage",
    "PortTakenError",
    "ProgramFailedError",
    "Servers",
    "Stage",
    "StageError",
    "StageUrls",
    "StateError",
    "bind",
    "mail_address",
]
