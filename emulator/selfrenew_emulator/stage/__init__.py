# SPDX-License-Identifier: Apache-2.0
"""A stage: card, CA, card management and Spine, wired and started."""

from .errors import DeskRefusedError, DeskUnreachableError, PortTakenError, StageError, StateError
from .server import Endpoint, Servers, bind

__all__ = [
    "DeskRefusedError",
    "DeskUnreachableError",
    "Endpoint",
    "PortTakenError",
    "Servers",
    "StageError",
    "StateError",
    "bind",
]
