# SPDX-License-Identifier: Apache-2.0
"""Sending mail by SMTP, as any service does it."""

import asyncio
from email.message import EmailMessage

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused

TIMEOUT_SECONDS = 5.0
"""For a whole message, shorter than the patience of whoever waits for the service behind it."""
_HOSTNAME = "card-management.smartcards.example"


class MailError(Exception):
    """A message was not taken.

    MailDownError       by the mail server: nobody's mail goes out
    AddressRefusedError for this recipient, for good
    """


class MailDownError(MailError):
    """The mail server is not there, does not answer in time, or takes no mail now."""


class AddressRefusedError(MailError):
    """The mail server does not deliver to the address."""


class MailSender:
    """Hands messages to the mail server at an address."""

    def __init__(self, host: str, port: int, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._host = host
        self._port = port
        self._timeout_seconds = timeout_seconds

    async def send(self, message: EmailMessage) -> None:
        """Return when the server has taken the message. Raise MailError."""
        what = f"Sending mail by {self._host}:{self._port}"
        client = SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=_HOSTNAME,
            timeout=self._timeout_seconds,
            start_tls=False,
        )
        try:
            async with asyncio.timeout(self._timeout_seconds), client:
                await client.send_message(message)
        except SMTPRecipientsRefused as error:
            code, text = error.recipients[0].code, error.recipients[0].message
            said = f"{what} failed: the address was refused with {code} ({text})"
            # A code that begins with 4 asks to try again (RFC 5321, 4.2.1).
            raise (AddressRefusedError if code >= 500 else MailDownError)(said) from error
        except (SMTPException, OSError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            raise MailDownError(f"{what} failed: {reason}") from error
        finally:
            client.close()
