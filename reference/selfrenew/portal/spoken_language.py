# SPDX-License-Identifier: Apache-2.0
"""Each request is answered in the language that its browser asks for."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from selfrenew import messages


class SpokenLanguage:
    """Speaks, within a request, what its Accept-Language header wants (RFC 9110, 12.5.4)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        wanted = ""
        if scope["type"] == "http":
            wanted = Headers(scope=scope).get("accept-language", "")
        with messages.use_language(messages.negotiate(wanted)):
            await self._app(scope, receive, send)
