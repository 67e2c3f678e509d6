# SPDX-License-Identifier: Apache-2.0
"""The pages as they are sent: never blank, one script inline, every word from the catalogue."""

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

import selfrenew.portal
from selfrenew import messages
from selfrenew.portal import AssetsMissingError, load_assets
from selfrenew.portal.compatibility import BUILT_IN, load_table
from selfrenew.portal.pages import Diagnosis
from selfrenew.services import ServiceUnreachableError
from selfrenew_steps.running_portal import CONTACTS, PAGE

FOLDER = Path(selfrenew.portal.__path__[0])
IE_MODE = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)


def assert_is_diagnosis(answer: Any, diagnosis: str) -> None:
    assert f'data-diagnosis="{diagnosis}"' in answer.text
    assert '<h1 class="nhsuk-heading-l">You have been logged out</h1>' in answer.text
    for text in (
        messages.DIAGNOSIS_HEADINGS[diagnosis],
        'value="https://portal.test/urswebapp/?operation=selfRenewSmartcard"',
        "Microsoft Edge",
        CONTACTS.it,
        CONTACTS.registration_authority,
        *CONTACTS.further,
    ):
        assert text in answer.text, text
    assert "<script" not in answer.text


@pytest.mark.parametrize("diagnosis", list(Diagnosis))
def test_each_cause_has_a_page_under_the_documented_wording(portal: Any, diagnosis: str) -> None:
    answer = portal.look(f"/urswebapp/help/{diagnosis}")
    assert answer.status_code == 200
    assert_is_diagnosis(answer, diagnosis)


def test_a_browser_that_can_show_it_gets_the_page(portal: Any) -> None:
    answer = portal.look(PAGE)
    assert answer.status_code == 200
    assert 'data-state="connecting"' in answer.text
    assert 'data-agent="http://127.0.0.1:43485"' in answer.text


@pytest.mark.parametrize(
    ("agent", "diagnosis"),
    [(IE_MODE, "ie-mode"), (SAFARI, "unsupported-browser"), ("", "unsupported-browser")],
)
def test_any_other_browser_is_told_why_not(portal: Any, agent: str, diagnosis: str) -> None:
    answer = portal.look(PAGE, agent)
    assert answer.status_code == 200
    assert_is_diagnosis(answer, diagnosis)


def test_the_table_is_chosen_by_the_configuration(make_portal: Any) -> None:
    era = make_portal(table="document-era")
    assert 'data-state="connecting"' in era.look(PAGE, IE_MODE).text
    assert 'data-diagnosis="unsupported-browser"' in era.look(PAGE).text


@pytest.mark.parametrize(
    "path", ["/", "/urswebapp/", "/urswebapp/?operation=other", "/urswebapp/help/x", "/x"]
)
def test_whoever_is_astray_is_shown_the_way_back(portal: Any, path: str) -> None:
    answer = portal.look(path)
    assert answer.status_code == 404
    assert_is_diagnosis(answer, "wrong-operation")


def test_a_fault_of_the_service_is_a_page_too(make_portal: Any, monkeypatch: Any) -> None:
    portal = make_portal()

    def fail(*_: object) -> None:
        raise RuntimeError("what only a developer wants to read")

    monkeypatch.setattr("selfrenew.portal.pages.Pages.service", fail)
    answer = portal.look(PAGE)
    assert answer.status_code == 500
    assert_is_diagnosis(answer, "service-fault")
    assert "developer" not in answer.text
    assert "content-security-policy" in answer.headers


def test_every_answer_carries_the_security_headers(portal: Any) -> None:
    script = (FOLDER / "static/loading.js").read_bytes()
    source = f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
    for path in (PAGE, "/check", "/health", "/nowhere", "/.well-known/jwks.json"):
        headers = portal.look(path).headers
        assert headers["content-security-policy"] == (
            f"default-src 'none'; script-src 'self' {source}; style-src 'self'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self' http://127.0.0.1:43485; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", [PAGE, "/check", "/urswebapp/help/ie-mode"])
def test_a_page_has_one_script_inline_at_most_and_loads_what_is_there(
    portal: Any, path: str
) -> None:
    found = _Elements(portal.look(path).text)
    scripted = "/help/" not in path
    assert found.inline == [(FOLDER / "static/loading.js").read_text()] * scripted
    assert found.loaded
    for address in found.loaded:
        answer = portal.client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"


def test_a_file_is_not_found_under_the_address_of_another_version(portal: Any) -> None:
    assert portal.client.get("/static/0000000000000000/page.js").status_code == 404


def test_the_check_says_what_the_server_knows_without_javascript(portal: Any) -> None:
    text = portal.look("/check").text
    assert _result(text, "browser") == _result(text, "server-spine") == "ok"
    assert _result(text, "agent") == _result(text, "reader") == "unknown"
    portal.spine.away = True
    portal.look("/check")
    assert portal.spine.probed == 1, "the Spine is asked at most once in ten seconds"


def test_the_check_names_a_spine_that_is_away_and_a_browser_that_cannot(portal: Any) -> None:
    portal.spine.away = True
    text = portal.look("/check", IE_MODE).text
    assert _result(text, "browser") == _result(text, "server-spine") == "failed"


def test_many_who_check_while_the_spine_is_silent_wait_for_one_answer(portal: Any) -> None:
    def be_silent() -> None:
        portal.spine.probed += 1
        portal.clock.advance(timedelta(seconds=30))
        raise ServiceUnreachableError("no answer in time")

    async def check() -> list[httpx.Response]:
        transport = httpx.ASGITransport(portal.client.application)
        async with httpx.AsyncClient(transport=transport, base_url="https://portal.test") as client:
            return await asyncio.gather(*(client.get("/check") for _ in range(5)))

    portal.spine.probe = be_silent
    assert [answer.status_code for answer in asyncio.run(check())] == [200] * 5
    assert portal.spine.probed == 1


def test_without_the_built_style_sheet_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match="ci/assets"):
        load_assets(tmp_path)


def test_no_template_has_a_word_of_its_own() -> None:
    for path in (FOLDER / "templates").rglob("*.html"):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
        words = _Elements(text).words
        assert not words, f"{path.name}: {words}"


def test_no_script_writes_words_of_its_own() -> None:
    for path in (FOLDER / "static").glob("*.js"):
        code = re.sub(r"^\s*(//|\*|/\*).*$", "", path.read_text(), flags=re.MULTILINE)
        texts = re.findall(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`", code)
        sentences = [text for text in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text)]
        assert not sentences, f"{path.name}: {sentences}"


def test_each_reason_and_diagnosis_has_its_text() -> None:
    assert {each.value for each in Diagnosis} == set(messages.DIAGNOSIS_HEADINGS)
    assert set(messages.DIAGNOSIS_HEADINGS) == set(messages.DIAGNOSIS_TEXTS)
    named = {
        row.why for path in BUILT_IN.glob("*.toml") for row in load_table(path.stem).rows if row.why
    }
    assert named <= set(messages.BROWSER_REASONS)


def _result(text: str, check: str) -> str:
    found = re.search(rf'data-check="{check}" data-result="(\w+)"', text)
    assert found is not None
    return found[1]


class _Elements(HTMLParser):
    """Notes what a page loads, what is inline, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.words: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._within = tag if tag in {"script", "style"} else ""
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        address = found.get("src") or (found.get("href") if tag == "link" else None)
        if address is not None:
            self.loaded.append(address)

    def handle_endtag(self, _tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.inline.append(data)
        self.words += re.findall(r"[A-Za-z]{2,}", data)
