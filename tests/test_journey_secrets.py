# SPDX-License-Identifier: Apache-2.0
"""The passcode on its whole way through a browser: it is found nowhere but at page, agent and card.

Recorded are all requests and answers at portal, CA, Spine and card management, what the browser
sent and to whom, its profile folder, every log at DEBUG, and each process's arguments and
environment.
"""

import base64
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from selfrenew.renewal import Renewal
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Endpoint, Stage
from selfrenew_emulator.stage import local as stage_module
from selfrenew_steps.browser import chromium
from selfrenew_steps.desk import Desk
from selfrenew_steps.passcode import mailed_code
from selfrenew_steps.running_portal import RunningPortal

pytestmark = pytest.mark.browser

FIRST, CHANGED, UNLOCKED = "19283746", "91827364", "55667788"
PASSCODES = (FIRST, CHANGED, UNLOCKED)


def forms(secret: str) -> set[bytes]:
    """Give the forms in which a secret could lie about, base64 at each place in its groups of 3."""
    raw = secret.encode()
    padded = raw.ljust(8, b"\xff")
    wide = secret.encode("utf-16-le")
    encoded = {
        base64.b64encode(bytes(before) + raw)[-(-before * 4 // 3) :].rstrip(b"=")[:-1]
        for before in range(3)
    }
    hexed = {each.hex().encode() for each in (raw, padded)}
    escaped = {b"".join(b"%%%02X" % octet for octet in raw)}
    return {raw, wide, *encoded, *hexed, *(each.upper() for each in hexed), *escaped}


@dataclass
class Traffic:
    """What went in and out of each service, as its server saw it."""

    seen: dict[str, bytearray] = field(default_factory=dict)

    def around(self, name: str, application: Any) -> Any:
        seen = self.seen.setdefault(name, bytearray())

        async def recorded(scope: Any, receive: Any, send: Any) -> None:
            async def receive_and_note() -> Any:
                message = await receive()
                seen.extend(message.get("body", b""))
                return message

            async def send_and_note(message: Any) -> None:
                note_headers(message)
                seen.extend(message.get("body", b""))
                await send(message)

            def note_headers(carrier: Any) -> None:
                for header, value in carrier.get("headers", ()):
                    seen.extend(header + b": " + value + b"\n")

            seen.extend(f"\n{scope.get('method')} {scope.get('path')}?".encode())
            seen.extend(scope.get("query_string", b"") + b"\n")
            note_headers(scope)
            await application(scope, receive_and_note, send_and_note)

        return recorded


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    traffic = Traffic()

    def endpoint(application: Any, listener: Any, tls: Any = None) -> Endpoint:
        port = listener.getsockname()[1]
        return Endpoint(traffic.around(f"port {port}", application), listener, tls)

    monkeypatch.setattr(stage_module, "Endpoint", endpoint)
    return traffic


@pytest.fixture
def make_stage(
    traffic: Traffic, make_stage: Callable[[SettableClock], Stage]
) -> Callable[[SettableClock], Stage]:
    """Have stages started after the recording was."""
    return make_stage


@pytest.fixture
def portal(traffic: Traffic, portal: RunningPortal) -> RunningPortal:
    portal.around = lambda application: traffic.around("portal", application)
    return portal


def processes() -> Iterator[tuple[str, bytes]]:
    """Give arguments and environment of this process and all it started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(status[1])

    def is_ours(process: int) -> bool:
        while process in parents:
            if process == os.getpid():
                return True
            process = parents[process]
        return False

    for process in filter(is_ours, parents):
        for name in ("cmdline", "environ"):
            try:
                yield f"{process}/{name}", (Path("/proc") / str(process) / name).read_bytes()
            except OSError:
                continue


def test_the_passcode_is_found_at_page_agent_and_card_alone(
    browser: Any,
    traffic: Traffic,
    stage: Stage,
    *,
    alice: Person,
    portal: RunningPortal,
    desk: Desk,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from selfrenew_steps.service_page import ServicePage  # noqa: PLC0415  needs playwright

    caplog.set_level(logging.DEBUG)
    profile, recording = tmp_path / "profile", tmp_path / "browser.har"
    running: dict[str, bytes] = {}
    stage.reader.insert(stage.make_card(alice, passcode=FIRST.encode()))
    context = browser.browser_type.launch_persistent_context(
        profile, ignore_https_errors=True, record_har_path=recording, **chromium()
    )
    tab = ServicePage(context.new_page())
    desk.start()
    desk.sign_in(FIRST)
    with monkeypatch.context() as broken:
        broken.setattr(Renewal, "run", fail)
        tab.renew(portal.url, FIRST)
    tab.expect_heading("It could not be completed")
    tab.press("Close")
    running.update(processes())
    tab.renew(portal.url, FIRST)
    tab.expect_heading("Success: certificate renewed for smartcard")
    stage.reader.insert(stage.reader.remove())
    desk.sign_in(FIRST)
    tab.press("Close")
    tab.change_passcode(portal.url, FIRST, CHANGED)
    tab.expect_heading("Your passcode was changed")
    tab.press("Continue")
    running.update(processes())
    tab.go_to("Unlock a smartcard or set a forgotten passcode")
    tab.start_unlock()
    tab.finish_unlock(mailed_code(stage, alice), UNLOCKED)
    tab.expect_heading("Your smartcard is unlocked")
    running.update(processes())
    context.close()
    desk.stop()

    said = capfd.readouterr()
    agent = f"127.0.0.1:{desk.port}"
    to_agent, elsewhere = split(json.loads(recording.read_text()), agent)
    for passcode in PASSCODES:
        assert any(passcode in each for each in to_agent)
    outputs = {
        "log": caplog.text.encode(),
        "stdout": said.out.encode(),
        "stderr": said.err.encode(),
        "what the browser had from anybody, and sent to others than the agent": elsewhere.encode(),
        **{name: bytes(seen) for name, seen in traffic.seen.items()},
        **running,
        **{str(path): path.read_bytes() for path in profile.rglob("*") if path.is_file()},
        **{
            str(path): path.read_bytes()
            for path in stage.folder.path.rglob("*")
            if path.is_file() and not path.name.startswith("management.sqlite")
        },
    }
    # What would have held it is there: each service was asked, by body, and the fault was logged.
    urls = stage.urls
    ports = [f"port {urlsplit(url).port}" for url in (urls.cmp_https, urls.management, urls.spine)]
    for name in (*ports, "portal"):
        assert b"\nPOST " in outputs[name], name
    assert "a bug of the program" in caplog.text
    assert any("chromium" in name.decode(errors="replace") for name in running.values())
    for passcode in PASSCODES:
        for form in forms(passcode):
            assert [name for name, raw in outputs.items() if form in raw] == []


def fail(renewal: Renewal) -> None:
    raise RuntimeError("a bug of the program")


def split(recording: dict[str, Any], agent: str) -> tuple[list[str], str]:
    """Part what was sent to the agent in bodies from everything else that the browser recorded."""
    requests = [entry["request"] for entry in recording["log"]["entries"]]
    to_agent = [request for request in requests if urlsplit(request["url"]).netloc == agent]
    bodies = [request.pop("postData", {}).get("text", "") for request in to_agent]
    return bodies, json.dumps(recording)
