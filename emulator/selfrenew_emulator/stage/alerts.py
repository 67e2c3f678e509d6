# SPDX-License-Identifier: Apache-2.0
"""A server's side of TLS whose clients are told why a handshake failed (RFC 8446, 6.2).

OpenSSL writes an alert, which asyncio does not send where the handshake has failed, but where it
waits for more (https://github.com/python/cpython/issues/98078). So one that failed waits once: for
the client to close, or to say something that is not listened to any more.
"""

import ssl


class _AlertingObject(ssl.SSLObject):
    """One connection; `outgoing` is what is to be sent."""

    outgoing: ssl.MemoryBIO
    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake. Raise SSLError once the alert has been sent."""
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            if not self.outgoing.pending:
                raise
            self._failure = error
            raise ssl.SSLWantReadError from error


class AlertingContext(ssl.SSLContext):
    """A context for a server in asyncio."""

    sslobject_class = _AlertingObject

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection."""
        made = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        assert isinstance(made, _AlertingObject)  # noqa: S101  the class named above
        made.outgoing = outgoing
        return made
