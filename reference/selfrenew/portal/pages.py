# SPDX-License-Identifier: Apache-2.0
"""The pages as HTML: templates, every word of which comes from `selfrenew.messages`."""

from enum import StrEnum, unique
from functools import cache
from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from selfrenew import messages

from .assets import Assets
from .checking import CheckResult
from .compatibility import Verdict
from .settings import PortalSettings


@unique
class Diagnosis(StrEnum):
    """Which cause of 'You have been logged out' it is."""

    UNSUPPORTED_BROWSER = "unsupported-browser"
    IE_MODE = "ie-mode"
    NO_SESSION = "no-session"
    AGENT_MISSING = "agent-missing"
    AGENT_OLD = "agent-old"
    AGENT_BLOCKED = "agent-blocked"
    NO_JAVASCRIPT = "no-javascript"
    WRONG_OPERATION = "wrong-operation"
    SERVICE_FAULT = "service-fault"


class Pages:
    """Renders the pages of one portal."""

    def __init__(self, settings: PortalSettings, assets: Assets) -> None:
        self._templates = _read_templates()
        self._given = {"assets": assets, "settings": settings}
        self._table = settings.browsers

    def service(self, verdict: Verdict) -> Response:
        """Give the page itself, every state of it as a template for its scripts."""
        return self._render("service.html", verdict=verdict)

    def diagnosis(
        self, diagnosis: Diagnosis, verdict: Verdict, status: int = HTTPStatus.OK
    ) -> Response:
        """Give the page that says why the service cannot be had, and what to do."""
        return self._render(
            "diagnosis.html",
            status,
            diagnosis=diagnosis.value,
            verdict=verdict,
            supported=self._table.supported,
        )

    def check(self, verdict: Verdict, results: list[CheckResult]) -> Response:
        """Give the page that checks the set-up, with what the server knows filled in."""
        return self._render("check.html", verdict=verdict, results=results)

    def _render(self, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        text = self._templates.get_template(name).render(**self._given, **values)
        headers = {
            "Cache-Control": "no-cache",
            "Content-Language": messages.language(),
            "Vary": "Accept-Language",
        }
        return HTMLResponse(text, status, headers)


@cache
def _read_templates() -> Environment:
    """Compile all templates, which takes longer than all else that a portal's start does."""
    templates = Environment(
        loader=PackageLoader("selfrenew.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(messages=messages)
    for name in templates.list_templates():
        templates.get_template(name)
    return templates
