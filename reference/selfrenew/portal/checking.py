# SPDX-License-Identifier: Apache-2.0
"""What the portal itself can check for the page that checks a set-up."""

import logging
from asyncio import Lock
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from selfrenew import messages
from selfrenew.clock import Clock
from selfrenew.services import ServiceError, SpineClient

from .compatibility import Verdict

_KEPT_FOR = timedelta(seconds=10)
_log = logging.getLogger("selfrenew.portal")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report; `check` is one of `messages.CHECK_NAMES`."""

    check: str
    passed: bool
    message: str


class SpineProbe:
    """Asks whether the Spine is there, once for all who check meanwhile or in ten seconds after."""

    def __init__(self, spine: SpineClient, clock: Clock) -> None:
        self._spine = spine
        self._clock = clock
        # Not a thread's: who waits for the answer must not take up the threads of others.
        self._lock = Lock()
        self._last: tuple[datetime, bool] | None = None

    async def reachable(self) -> bool:
        """Tell whether it answers."""
        async with self._lock:
            if self._last is None or self._clock() - self._last[0] >= _KEPT_FOR:
                found = await run_in_threadpool(self._ask)
                self._last = (self._clock(), found)
            return self._last[1]

    def _ask(self) -> bool:
        try:
            self._spine.probe()
        except ServiceError as error:
            _log.warning("the check of the set-up: %s", error)
            return False
        return True


def browser_result(verdict: Verdict) -> CheckResult:
    """Report what was told of the browser."""
    browser = f"{verdict.browser.name} {verdict.browser.version_text}".strip()
    if verdict.supported:
        return CheckResult("browser", True, messages.CHECK_BROWSER_OK.format(browser=browser))
    why = messages.BROWSER_REASONS.get(verdict.why, verdict.why)
    said = messages.DIAGNOSIS_THIS_BROWSER.format(browser=browser) if browser else ""
    return CheckResult(
        "browser", False, f"{said or messages.DIAGNOSIS_UNKNOWN_BROWSER} {why}".strip()
    )


def server_results(*, spine_reachable: bool) -> list[CheckResult]:
    """Report what the portal knows of itself and of the Spine."""
    spine = messages.CHECK_SPINE_OK if spine_reachable else messages.CHECK_SPINE_FAILED
    return [
        CheckResult("server", True, messages.CHECK_SERVER_OK),
        CheckResult("server-spine", spine_reachable, spine),
    ]
