# SPDX-License-Identifier: Apache-2.0
"""The portal as an ASGI application: routes, and what stands before all of them."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from selfrenew.clock import Clock
from selfrenew.services import SpineClient

from .answers import RefusedError, answer, refusal
from .assets import Assets
from .checking import SpineProbe, browser_result, server_results
from .compatibility import Cause, Verdict
from .handoff_routes import HandoffRoutes
from .identity import identify, prepare
from .pages import Diagnosis, Pages
from .security_headers import SecurityHeaders
from .session_routes import SessionRoutes
from .sessions import Sessions
from .settings import OPERATION, PortalSettings
from .spoken_language import SpokenLanguage
from .ticket_office import TicketOffice

# Pages are longer. What holds a secret is shorter and stays as it is: how well a secret beside
# something chosen compresses would tell of it.
_COMPRESS_FROM_BYTES = 2048


def portal_application(
    settings: PortalSettings, *, spine: SpineClient, assets: Assets, clock: Clock
) -> ASGIApp:
    """Make the application; its sessions and its signing key live as long as it does."""
    sessions = Sessions(clock)
    office = TicketOffice(settings.origin, clock)
    handoffs = HandoffRoutes(sessions, spine, settings.minimum_version)
    session = SessionRoutes(sessions, office, settings.origin)
    views = _Views(settings, Pages(settings, assets), SpineProbe(spine, clock))

    async def health(_: Request) -> Response:
        return answer({"status": "ok"})

    async def jwks(_: Request) -> Response:
        return answer(dict(office.jwks()))

    prepare()
    base = settings.base
    application = Starlette(
        routes=[
            Route(base, views.service),
            Route(f"{base}help/{{diagnosis}}", views.help),
            Route(f"{base}session", session.begin, methods=["POST"]),
            Route(f"{base}session", session.show, methods=["GET"]),
            Route(f"{base}session", session.end, methods=["DELETE"]),
            Route(f"{base}operations", session.operate, methods=["POST"]),
            Route(f"{base}agent/handoffs", handoffs.create, methods=["POST"]),
            Route("/check", views.check),
            Route("/health", health),
            Route("/.well-known/jwks.json", jwks),
            Route("/static/{digest}/{name}", assets.answer),
        ],
        middleware=[
            Middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM_BYTES),
        ],
        exception_handlers={
            RefusedError: refusal,
            HTTPStatus.NOT_FOUND: views.not_found,
            Exception: views.fault,
        },
    )
    # Around all of it, since an application's own middleware does not see the answer to a fault.
    return SecurityHeaders(
        SpokenLanguage(application),
        agent_origin=settings.agent_origin,
        inline_source=assets.inline_source,
    )


class _Views:
    """The pages, each judged for the browser that asks."""

    def __init__(self, settings: PortalSettings, pages: Pages, spine: SpineProbe) -> None:
        self._settings = settings
        self._pages = pages
        self._spine = spine

    async def service(self, request: Request) -> Response:
        """Show the service, or why it cannot be had."""
        verdict = self._verdict(request)
        if verdict.cause is Cause.IE_MODE:
            return self._pages.diagnosis(Diagnosis.IE_MODE, verdict)
        if not verdict.supported:
            return self._pages.diagnosis(Diagnosis.UNSUPPORTED_BROWSER, verdict)
        wanted = self._settings.operations
        if wanted and request.query_params.get(OPERATION) not in wanted:
            return self._wrong_operation(verdict)
        return self._pages.service(verdict)

    async def help(self, request: Request) -> Response:
        """Show what one cause means."""
        try:
            diagnosis = Diagnosis(request.path_params["diagnosis"])
        except ValueError:
            return self._wrong_operation(self._verdict(request))
        return self._pages.diagnosis(diagnosis, self._verdict(request))

    async def check(self, request: Request) -> Response:
        """Show what the set-up lacks."""
        verdict = self._verdict(request)
        reachable = await self._spine.reachable()
        results = [browser_result(verdict), *server_results(spine_reachable=reachable)]
        return self._pages.check(verdict, results)

    async def not_found(self, request: Request, _: Exception) -> Response:
        """Show a person who is astray the way back."""
        return self._wrong_operation(self._verdict(request))

    async def fault(self, request: Request, _: Exception) -> Response:
        """Show that it is the service's own fault; its traceback goes to the log."""
        verdict = self._verdict(request)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return self._pages.diagnosis(Diagnosis.SERVICE_FAULT, verdict, status)

    def _verdict(self, request: Request) -> Verdict:
        return self._settings.browsers.judge(identify(request.headers))

    def _wrong_operation(self, verdict: Verdict) -> Response:
        return self._pages.diagnosis(Diagnosis.WRONG_OPERATION, verdict, HTTPStatus.NOT_FOUND)
