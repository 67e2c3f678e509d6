# SPDX-License-Identifier: Apache-2.0
"""The world's mail: how a service sends it, the server that takes it, and where it is kept."""

from .outbox import Mailboxes, Outbox, parse_message
from .sender import AddressRefusedError, MailDownError, MailError, MailSender
from .server import MailHandling, MailRefusal, MailServer

__all__ = [
    "AddressRefusedError",
    "MailDownError",
    "MailError",
    "MailHandling",
    "MailRefusal",
    "MailSender",
    "MailServer",
    "Mailboxes",
    "Outbox",
    "parse_message",
]
