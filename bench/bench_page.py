# SPDX-License-Identifier: Apache-2.0
"""How soon the page is ready at a first visit in Chromium, and what it transfers.

Portal, agent, Spine and card are real; each visit has a browser of its own that has seen nothing.
"""

import shutil
import statistics
import threading
import time
from contextlib import ExitStack
from typing import Any

from bench_agent import AnsweringDialogs
from measuring import tell
from playwright.sync_api import sync_playwright

from selfrenew.agent.state import CardState
from selfrenew.config import assemble, load_configuration
from selfrenew.config.portal import open_portal
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, Endpoint, Servers, bind

_VISITS = 7
_LIMIT_MS, _LIMIT_KB = 1000.0, 150.0
_TRANSFERRED = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, each) => sum + each.transferSize, 0)"
)
_ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--no-first-run")


def visit(chromium: Any, url: str, ready: str | None) -> tuple[float, float]:
    """Open an address in a fresh browser; give milliseconds until it is ready, and kB."""
    browser = chromium.launch(executable_path=shutil.which("chromium"), args=list(_ARGUMENTS))
    page = browser.new_context(ignore_https_errors=True, locale="en-GB").new_page()
    start = time.perf_counter()
    page.goto(url)
    if ready is not None:
        page.get_by_role("heading", name=ready).first.wait_for()
    took = (time.perf_counter() - start) * 1e3
    transferred = float(page.evaluate(_TRANSFERRED)) / 1e3
    browser.close()
    return took, transferred


def main() -> None:
    """Measure."""
    with ExitStack() as stack:
        stage = stack.enter_context(EmbeddedStage(clock=SettableClock(DEFAULT_NOW)))
        url = stage.add_portal()
        with bind() as listener:
            port = listener.getsockname()[1]
        environ = {"SELFRENEW_AGENT_PORT": str(port)}
        portal = stack.enter_context(
            open_portal(stage.folder.portal_config_file, environ, clock=stage.clock)
        )
        listen = bind(portal.configuration.portal.listen.port)
        servers = Servers([Endpoint(portal.application, listen, portal.tls)])
        servers.start()
        stack.callback(servers.stop)
        reference = stack.enter_context(
            assemble(
                load_configuration(stage.config_file, environ),
                reader=stage.reader,
                clock=stage.clock,
            )
        )
        agent = stack.enter_context(reference.agent(AnsweringDialogs(), environ={}))
        desktop = threading.Thread(target=agent.run)
        signed_in = threading.Event()
        agent.state.subscribe(
            lambda now: signed_in.set() if now.state is CardState.SIGNED_IN else None
        )
        desktop.start()
        stack.callback(desktop.join)
        stack.callback(agent.stop)
        stage.reader.insert(stage.make_card(stage.make_person()))
        signed_in.wait(30)
        chromium = stack.enter_context(sync_playwright()).chromium
        health = url.partition("/urswebapp")[0] + "/health"
        bare = statistics.median(visit(chromium, health, None)[0] for _ in range(_VISITS))
        visits = [visit(chromium, url, "Select service") for _ in range(_VISITS)]
        took = statistics.median(each for each, _ in visits)
    tell("The page ready, first visit, median", took, "ms", floor=_LIMIT_MS, of="the limit")
    tell("  the slowest", max(each for each, _ in visits), "ms", floor=_LIMIT_MS, of="the limit")
    tell("  the same median", took, "ms", floor=bare, of="a page of one line")
    tell("  transferred", max(each for _, each in visits), "kB", floor=_LIMIT_KB, of="the limit")


if __name__ == "__main__":
    main()
