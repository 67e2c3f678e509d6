# SPDX-License-Identifier: Apache-2.0
"""The outbox: mail that would leave the organisation is kept, in memory or as a Maildir."""

import mailbox
import threading
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from selfrenew.clock import Clock, system_clock

_RECIPIENT = "Delivered-To"


class Mailboxes(Protocol):
    """Where delivered mail is looked up."""

    def messages_to(self, address: str) -> list[EmailMessage]:
        """List what was delivered to an address, oldest first."""


class Outbox:
    """Takes every message; a folder keeps them as a Maildir that a mail reader opens.

    What is delayed is there from its time on, when somebody looks; a program that ends before loses
    it.
    """

    def __init__(self, folder: Path | None = None, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._coming: list[tuple[datetime, EmailMessage]] = []
        self._maildir = None if folder is None else mailbox.Maildir(folder)
        self._messages: list[EmailMessage] = []
        if self._maildir is not None:
            stored = sorted(self._maildir.items())
            self._messages = [parse_message(message.as_bytes()) for _, message in stored]

    def deliver(self, recipient: str, raw: bytes, delay: timedelta = timedelta()) -> None:
        """Take a message for one recipient, who need not be the one its header names."""
        # SMTP ends lines with CRLF, a mailbox on this machine does not.
        message = parse_message(raw.replace(b"\r\n", b"\n"))
        del message[_RECIPIENT]
        message[_RECIPIENT] = recipient
        with self._lock:
            if delay:
                self._coming.append((self._clock() + delay, message))
            else:
                self._take(message)

    def messages_to(self, address: str) -> list[EmailMessage]:
        """List what was delivered to an address, oldest first."""
        with self._lock:
            self._let_come()
            return [message for message in self._messages if message[_RECIPIENT] == address]

    def empty(self) -> None:
        """Throw away what has come, and what is still to come, but for a Maildir's files."""
        with self._lock:
            self._messages.clear()
            self._coming.clear()

    def _let_come(self) -> None:
        now = self._clock()
        came = [each for each in self._coming if each[0] <= now]
        self._coming = [each for each in self._coming if each[0] > now]
        for _, message in sorted(came, key=itemgetter(0)):
            self._take(message)

    def _take(self, message: EmailMessage) -> None:
        if self._maildir is not None:
            self._maildir.add(message)
        self._messages.append(message)


def parse_message(raw: bytes) -> EmailMessage:
    """Read a message. Raise TypeError for one of an old kind."""
    message = message_from_bytes(raw, policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the Maildir holds a message of an old kind")
    return message
