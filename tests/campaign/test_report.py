# SPDX-License-Identifier: Apache-2.0
"""The report: pages whose links lead somewhere, JSON for programs, JUnit for CI servers."""

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from selfrenew_emulator.campaign.campaign import Order, Outcome
from selfrenew_emulator.campaign.case import Case
from selfrenew_emulator.campaign.plan import survey
from selfrenew_emulator.campaign.report import write_report
from selfrenew_emulator.campaign.result import Result, Run, Verdict
from selfrenew_emulator.campaign.scenarios import play
from selfrenew_emulator.campaign.world import World

RENEWAL = "renewal p256 piv"
CASES = (
    f"{RENEWAL} | card.removed:at=19,phase=after",
    f"{RENEWAL} | card.removed:at=19,phase=before",
    f"{RENEWAL} | card.removed:at=3,phase=before",
    f"{RENEWAL} | world.clock-jumps:at=19,by=400d",
    f"{RENEWAL} | world.clock-jumps:at=19,by=-400d",
    f"{RENEWAL} | network.answer-lost:at=7",
    f"{RENEWAL} | ca.error:after=2,times=1",
    f"{RENEWAL} | reader.late:times=1",
    f"{RENEWAL} | card.removed:at=19 | card.removed:at=3",
)
BROKEN = Result(
    f"{RENEWAL} | card.mute:at=1",
    Verdict.FAILED,
    ("<b>lost</b> & gone",),
    ("card.mute",),
    "SELECT",
    (Run(0, "Done <now>", ("  1 SELECT: mute",)),),
)


@pytest.fixture(scope="module")
def report(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    setting = Case.read(RENEWAL).setting
    results = [*(play(world, Case.read(line)) for line in CASES), BROKEN]
    results += [
        Result(f"sigkill p256 piv | after={each}", Verdict.RECOVERED, (), (), "", (Run(None, ""),))
        for each in ("10/10000", "9/10000")
    ]
    places = [survey(world, setting)]
    outcome = Outcome(Order([setting]), places, results, played=12, seconds=3.0)
    folder = tmp_path_factory.mktemp("report") / "new"
    write_report(folder, outcome)
    return folder


def links(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', page)]


def test_every_link_of_every_page_leads_to_something(report: Path) -> None:
    pages = {path.name: path.read_text("utf-8") for path in report.glob("*.html")}
    assert len(pages) > 5
    for page in pages.values():
        for link in links(page):
            file, _, anchor = link.partition("#")
            assert file in pages
            assert not anchor or pages[file].count(f'id="{anchor}"') == 1


def test_the_map_has_a_row_for_each_place_and_a_cell_for_each_case(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    row = next(each for each in page.split("<tr>") if "GENERATE ASYMMETRIC KEY PAIR 9C" in each)
    assert ">19</span>" in row
    assert row.count("<a ") == 2
    assert "(cr)" in page
    asked = next(each for each in page.split("<tr>") if "signing (cr)" in each)
    assert asked.count("<a ") == 2
    assert "from the beginning" in page
    assert "pairs of faults" in page
    assert "sigkill" in page


def test_a_case_has_its_timeline_its_message_and_its_line(report: Path) -> None:
    page = (report / "renewal-p256-piv-card-removed.html").read_text("utf-8")
    assert "19 GENERATE ASYMMETRIC KEY PAIR 9C: the card is out" in page
    assert "Run 1, exit code 12: The card was removed" in page
    assert f"--replay &#x27;{CASES[0]}&#x27;" in page
    both = (report / "renewal-p256-piv-world-clock-jumps.html").read_text("utf-8")
    assert both.count("<article ") == 2


def test_cases_are_told_by_place_and_then_by_fault_whichever_was_played_first(
    report: Path,
) -> None:
    page = (report / "renewal-p256-piv-card-removed.html").read_text("utf-8")
    told = re.findall(r"</span> renewal p256 piv \| card.removed:(\S+) at ", page)
    assert told == ["at=3,phase=before", "at=19,phase=after", "at=19,phase=before"]
    kills = (report / "sigkill-p256-piv.html").read_text("utf-8")
    assert re.findall(r"</span> sigkill p256 piv \| after=(\S+)</h3>", kills) == [
        "9/10000",
        "10/10000",
    ]


def test_what_was_broken_comes_first_and_is_no_markup(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    assert page.index("<h2>Broken</h2>") < page.index('<table class="map">')
    assert "&lt;b&gt;lost&lt;/b&gt; &amp; gone" in page
    detail = (report / "renewal-p256-piv-card-mute.html").read_text("utf-8")
    assert "Done &lt;now&gt;" in detail


def test_programs_get_the_same(report: Path) -> None:
    found = json.loads((report / "campaign.json").read_text("utf-8"))
    assert found["cases"] == 12
    assert found["kinds"] == {"pairs": 1, "renewal": 9, "sigkill": 2}
    assert found["per_second"] == 4.0
    assert [Result.from_json(each) for each in found["results"]][9] == BROKEN
    suite = ET.parse(report / "junit.xml").getroot()  # noqa: S314  written just now
    assert (suite.get("tests"), suite.get("failures")) == ("12", "1")
    (failure,) = suite.findall("testcase/failure")
    assert failure.text == BROKEN.violations[0]


def test_a_report_tells_that_it_is_not_whole(tmp_path: Path) -> None:
    write_report(tmp_path, Outcome(Order(), [], [], interrupted=True))
    assert "cases are missing" in (tmp_path / "index.html").read_text("utf-8")
