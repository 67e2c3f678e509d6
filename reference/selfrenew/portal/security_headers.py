# SPDX-License-Identifier: Apache-2.0
"""The headers that every answer carries: what its page may load, reach and be embedded in."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def content_security_policy(agent_origin: str, inline_source: str) -> str:
    """Give the policy (CSP Level 3): nothing inline but one script, by its hash.

    And nothing from elsewhere, and only the own agent.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {inline_source}",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {agent_origin}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Puts the headers on every answer of an application, its errors too."""

    def __init__(self, app: ASGIApp, *, agent_origin: str, inline_source: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(agent_origin, inline_source),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Strict-Transport-Security": "max-age=31536000",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
