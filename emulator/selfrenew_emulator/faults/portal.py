# SPDX-License-Identifier: Apache-2.0
"""What the portal's pages were seen to be instead of a page, for who has to cope with it.

An ASGI middleware around any application; what programs ask of it goes through untouched.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from .errors import UnknownFaultError
from .fault import ArmedFault, Fault, FaultOrder, FaultTarget

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NoPage:
    """What is sent where a page was asked for."""

    body: bytes


def _always(body: bytes) -> Callable[[Mapping[str, str]], NoPage]:
    return lambda _: NoPage(body)


BLANK_PAGE = Fault(
    "portal.blank-page",
    FaultTarget.PORTAL,
    "An unsupported browser, such as Edge in its Internet Explorer mode, shows nothing at all.",
    "Does not take an answer for a page because it arrived; says that the page came empty, and "
    "which browser to use.",
    _always(b""),
)
LOGGED_OUT = Fault(
    "portal.logged-out",
    FaultTarget.PORTAL,
    "Where browser or software do not fit, the service says this alone, and not which of them.",
    "Checks browser and software itself before it asks anybody to log in again.",
    _always(b"You have been logged out"),
)
PORTAL_FAULTS = {fault.name: fault for fault in (BLANK_PAGE, LOGGED_OUT)}


class PortalFaults:
    """Stands before an application with the faults of a list, or with those that are armed here."""

    def __init__(self, application: Application, armed: list[ArmedFault] | None = None) -> None:
        self._application = application
        self._armed: list[ArmedFault] = [] if armed is None else armed
        self.history: list[str] = []
        """The names of the faults that were armed here and struck, in order."""

    def arm(self, name: str, times: int | None = None) -> None:
        """Have this fault strike from now on, or so many times. Raise UnknownFaultError."""
        if name not in PORTAL_FAULTS:
            raise UnknownFaultError(name, PORTAL_FAULTS)
        fault = PORTAL_FAULTS[name]
        order = FaultOrder(name, fault, fault.read({}), times)
        self._armed[:] = [ArmedFault(order, self.history)]

    def clear(self) -> None:
        """Let everything through again."""
        self._armed.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        fault = self._strike(scope)
        if fault is None:
            await self._application(scope, receive, send)
            return
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(fault.body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": fault.body})

    def _strike(self, scope: Scope) -> NoPage | None:
        if not _wants_page(scope):
            return None
        for armed in self._armed:
            if isinstance(armed.order.what, NoPage) and armed.active:
                armed.strike()
                return armed.order.what
        return None


def _wants_page(scope: Scope) -> bool:
    """Tell a person's browser that opens a page from scripts and programs, by what they accept."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    accept = [value for name, value in scope["headers"] if name == b"accept"]
    return any(b"text/html" in value for value in accept)
