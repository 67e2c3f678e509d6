# SPDX-License-Identifier: Apache-2.0
"""The outbox: mail that would leave the organisation is kept, in memory or as a Maildir."""

import mailbox
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


class Outbox:
    """Takes every message; a folder keeps them as a Maildir that a mail reader opens."""

    def __init__(self, folder: Path | None = None) -> None:
        self._maildir = None if folder is None else mailbox.Maildir(folder)
        self._messages: list[EmailMessage] = []
        if self._maildir is not None:
            stored = sorted(self._maildir.items())
            self._messages = [_parsed(message.as_bytes()) for _, message in stored]

    def send(self, message: EmailMessage) -> None:
        """Take a message."""
        self._messages.append(message)
        if self._maildir is not None:
            self._maildir.add(message)

    def messages_to(self, address: str) -> list[EmailMessage]:
        """List what was sent to an address, oldest first."""
        return [message for message in self._messages if message["To"] == address]


def _parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the Maildir holds a message of an old kind")
    return message
