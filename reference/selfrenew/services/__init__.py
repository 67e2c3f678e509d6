# SPDX-License-Identifier: Apache-2.0
"""Clients of card management and of the Spine."""

from selfrenew.http import open_http

from .errors import (
    ServiceBusyError,
    ServiceError,
    ServiceNotTrustedError,
    ServiceRefusedError,
    ServiceUnreachableError,
    UnexpectedServiceAnswerError,
)
from .management import CardManagementClient, ManagementSession, UnlockKeys
from .spine import Role, SpineClient, SpineLogin, TicketStatus

__all__ = [
    "CardManagementClient",
    "ManagementSession",
    "Role",
    "ServiceBusyError",
    "ServiceError",
    "ServiceNotTrustedError",
    "ServiceRefusedError",
    "ServiceUnreachableError",
    "SpineClient",
    "SpineLogin",
    "TicketStatus",
    "UnexpectedServiceAnswerError",
    "UnlockKeys",
    "open_http",
]
