# SPDX-License-Identifier: Apache-2.0
"""The mail server: SMTP (RFC 5321) on a socket, by aiosmtpd; what it takes goes to the outbox."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from selfrenew_emulator.listeners import close_listeners

from .outbox import Outbox

HOSTNAME = "mail.smartcards.example"
_SILENCE_SECONDS = 60


class MailRefusal(Protocol):
    """A mail server that can be told to refuse."""

    refusal: str | None
    """The reply to every MAIL command; None takes the mail."""


@dataclass(frozen=True, slots=True)
class MailHandling:
    """What becomes of a message: refused by a reply, lost, or delivered later."""

    refusal: str | None = None
    lost: bool = False
    delay: timedelta = timedelta()


class MailServer:
    """Takes mail in a running event loop, from `start` to `stop`.

    `refusal` is the reply that every MAIL command gets, such as a 421 (RFC 5321, 4.2.3); None takes
    the mail. `doubt`, where there is one, is asked before each of them what is to become of it.
    """

    def __init__(self, outbox: Outbox, listener: socket.socket) -> None:
        self.refusal: str | None = None
        self.doubt: Callable[[], MailHandling | None] | None = None
        self._outbox = outbox
        self._listener = listener
        self._server: asyncio.Server | None = None
        self.stopped = False
        self._sessions: set[_Session] = set()

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._listener.getsockname()[1])

    async def start(self) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, sock=self._listener)

    async def stop(self) -> None:
        """Close the socket and every connection; stopping twice is harmless."""
        self.stopped = True
        if self._server is not None:
            await close_listeners(self._server)
        for session in list(self._sessions):
            session.hang_up()
        self._listener.close()

    def _session(self) -> "_Session":
        return _Session(self, self._sessions)

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer a MAIL command."""
        handling = MailHandling(self.refusal)
        if self.refusal is None and self.doubt is not None:
            handling = self.doubt() or handling
        if handling.refusal is not None:
            return handling.refusal
        _of(server).handling = handling
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message in, once for each recipient."""
        content = envelope.content
        if not isinstance(content, bytes):
            raise TypeError("aiosmtpd gives a message's bytes")
        handling = _of(server).handling
        for recipient in () if handling.lost else envelope.rcpt_tos:
            self._outbox.deliver(recipient, content, handling.delay)
        return "250 OK"


class _Session(SMTP):
    """One connection, known to the server while it is open."""

    def __init__(self, server: MailServer, sessions: "set[_Session]") -> None:
        super().__init__(
            server, hostname=HOSTNAME, ident="selfrenew_emulator", timeout=_SILENCE_SECONDS
        )
        self._mail = server
        self.handling = MailHandling()
        """What becomes of the message that is under way."""
        self._open = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open.add(self)
        super().connection_made(transport)
        if self._mail.stopped:
            # It was being accepted when the socket was closed.
            self.hang_up()

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _of(server: SMTP) -> _Session:
    if not isinstance(server, _Session):
        raise TypeError("aiosmtpd gives the session that was made here")
    return server
