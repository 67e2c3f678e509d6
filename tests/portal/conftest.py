# SPDX-License-Identifier: Apache-2.0
"""A portal's application without a network, whose Spine answers what a test says."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from selfrenew.portal import Assets, load_assets, portal_application
from selfrenew.services import (
    Role,
    ServiceUnreachableError,
    TicketStatus,
)
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_steps.running_portal import settings_for

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
OWN_PAGE = {"Origin": "https://portal.test", "Sec-Fetch-Site": "same-origin", "X-Selfrenew": "1"}


@dataclass
class ScriptedSpine:
    """Knows one ticket; away, it answers nothing."""

    away: bool = False
    probed: int = 0
    asked: list[str] = field(default_factory=list)

    def validate(self, ticket: str) -> TicketStatus:
        self._be_there()
        self.asked.append(ticket)
        if ticket != "good":
            return TicketStatus(valid=False, reason="unknown")
        role = Role("r1", "Clinician", "The Hospital")
        return TicketStatus(valid=True, user_id="555000000001", name="Alice Archer", role=role)

    def probe(self) -> None:
        self.probed += 1
        self._be_there()

    def _be_there(self) -> None:
        if self.away:
            raise ServiceUnreachableError("no answer")


class Client:
    """Asks an application as a browser with a cookie jar does, one request at a time."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            # A fault is answered as a server answers it, not raised into the test.
            transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="https://portal.test", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@dataclass
class Portal:
    client: Client
    clock: SettableClock
    spine: ScriptedSpine

    def hand_off(self, **changed: Any) -> Any:
        form = {
            "launch": "ab" * 16,
            "pairing_secret": "s" * 43,
            "agent_version": "0.1.0.dev0",
            "api": 1,
            "port": 43485,
            "spine_ticket": "good",
            "card": "cd" * 16,
            **changed,
        }
        return self.client.post("/urswebapp/agent/handoffs", json=form)

    def begin(self, **changed: Any) -> Any:
        code = self.hand_off(**changed).json()["handoff"]
        return self.page("POST", "session", json={"handoff": code})

    def page(self, method: str, path: str, **options: Any) -> Any:
        headers = {**OWN_PAGE, **options.pop("headers", {})}
        return self.client.request(method, f"/urswebapp/{path}", headers=headers, **options)

    def look(self, path: str, agent: str = CHROME, **headers: str) -> Any:
        return self.client.get(path, headers={"User-Agent": agent, **headers})


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    """The page's files, with a stand-in for the style sheet that only npm brings."""
    built: Path = tmp_path_factory.mktemp("built")
    (built / "nhsuk.css").write_text("body { margin: 0 }\n" * 100)
    return load_assets(built)


@pytest.fixture
def make_portal(assets: Assets) -> Any:
    def make(**settings: Any) -> Portal:
        clock, spine = SettableClock(DEFAULT_NOW), ScriptedSpine()
        application = portal_application(
            settings_for(**settings),
            spine=spine,  # type: ignore[arg-type]
            assets=assets,
            clock=clock,
        )
        return Portal(Client(application), clock, spine)

    return make


@pytest.fixture
def portal(make_portal: Any) -> Any:
    return make_portal()
