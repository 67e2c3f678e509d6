# SPDX-License-Identifier: Apache-2.0
"""The whole site, built: every link within it leads somewhere, and nothing comes from elsewhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from ci.traceability import ROOT
from selfrenew_steps.reporting import RunRecord
from selfrenew_steps.reporting.record import write_record
from tests.documentation.conftest import ENDED, result

pytest.importorskip("mkdocs", reason="needs what builds the site: tox -e docs-tests")
pytest.importorskip("matplotlib", reason="needs what builds the site: tox -e docs-tests")

_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        if (target := given.get(_FETCHED.get(tag, ""))) is not None:
            self.fetched.append(target)
        if tag == "a" and (target := given.get("href")) is not None:
            self.followed.append(target)


def build(folder: Path, report: Path) -> "subprocess.CompletedProcess[str]":
    variables = {
        "SELFRENEW_REPORT": str(report),
        "SELFRENEW_BENCH_RESULTS": str(report / "bench.jsonl"),
        "NO_MKDOCS_2_WARNING": "1",
    }
    command = ("-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder))
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report, folder = tmp_path_factory.mktemp("report"), tmp_path_factory.mktemp("site")
    file = "screenshots/it is.png"
    (report / "embedded" / "screenshots").mkdir(parents=True)
    (report / "embedded" / file).write_bytes(b"png")
    for name in ("index.html", "junit.xml", "cucumber.json"):
        (report / "embedded" / name).write_text("<p>from the run</p>")
    found = result("Success is told in the service's words")
    shown = type(found)(**{**_fields(found), "screenshots": (file,)})
    record = RunRecord("embedded", False, ENDED, 60, "abc", (shown,))
    write_record(record, report / "embedded")
    ended = build(folder, report)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def _fields(found: object) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    read = {}
    for path in site.rglob("*.html"):
        read[path] = Links()
        read[path].feed(path.read_text())
    return read


def test_every_page_is_there(site: Path) -> None:
    for name in ("index", "features/renewal", "traceability", "faults", "steps", "benchmarks"):
        assert (site / f"{name}.html").exists()
    for name in ("integrating", "card-faults", "campaign", "security", "smartcard-in-ci"):
        assert (site / f"{name}.html").exists()
    assert (site / "report" / "embedded" / "screenshots" / "it is.png").read_bytes() == b"png"


def test_nothing_that_a_page_needs_comes_from_elsewhere(pages: dict[Path, Links]) -> None:
    outside = [
        (path.name, target)
        for path, links in pages.items()
        for target in links.fetched
        if urlsplit(target).scheme not in {"", "data"} or urlsplit(target).netloc
    ]
    assert outside == []


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[Path, Links]) -> None:
    lost = []
    for path, links in pages.items():
        if path.name == "404.html":
            # Its links count from wherever it is shown.
            continue
        for target in {*links.followed, *links.fetched}:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if aim.is_dir():
                aim /= "index.html"
            known = aim.exists() and (
                not parts.fragment
                or aim not in pages
                or unquote(parts.fragment) in {*pages[aim].anchors, "__skip"}
            )
            if not known:
                lost.append((str(path.relative_to(site)), target))
    assert lost == []


def test_an_example_in_a_docstring_is_shown_as_code(site: Path) -> None:
    page = (site / "api" / "selfrenew.iso7816.html").read_text()
    assert "&gt;&gt;&gt; " in page
    assert "<blockquote>\n<blockquote>" not in page


def test_a_damaged_record_ends_the_build_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "report" / "pcsc").mkdir(parents=True)
    (tmp_path / "report" / "pcsc" / "run.json").write_text("{}")
    ended = build(tmp_path / "site", tmp_path / "report")
    assert ended.returncode != 0
    assert "pcsc/run.json" in ended.stderr
    assert "Run again." in ended.stderr
    assert "Traceback" not in ended.stderr
