# SPDX-License-Identifier: Apache-2.0
"""Features as pages: everything they say is there, with what came of it, and nothing made up."""

import html
from pathlib import Path

import pytest
from pytest_bdd.parser import Feature

from ci.documentation.features import page_of, pages, report_files
from ci.documentation.rendering import anchor, as_text
from ci.traceability import encoded_sentences, read_features, read_table
from selfrenew_steps.reporting import StageResults

FEATURES = read_features()
TABLE = read_table()
BARE = pages(FEATURES, TABLE, [])


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_a_page_has_every_scenario_and_step_of_its_feature(feature: Feature) -> None:
    page = BARE[page_of(Path(feature.filename).stem)]
    assert page.startswith(f"# {as_text(feature.name)}\n")
    assert as_text(encoded_sentences(feature)) in page
    for title, scenario in feature.scenarios.items():
        assert f" {as_text(title)} {{: #{anchor(title)} }}" in page
        for step in scenario.steps:
            assert (
                html.escape(step.name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
            )
        for examples in scenario.examples:
            for row in examples.examples:
                for cell in row:
                    assert html.escape(cell, quote=False) in html.unescape(page) or cell in page


@pytest.mark.parametrize("name", FEATURES)
def test_no_two_scenarios_of_a_page_share_an_anchor(name: str) -> None:
    anchors = [anchor(title) for title in FEATURES[name].scenarios]
    assert len(anchors) == len(set(anchors))


def test_without_results_the_pages_say_so_and_claim_nothing() -> None:
    for name in (*map(page_of, FEATURES), "features/index.md"):
        assert "No results are at hand" in BARE[name]
    assert "no results are at hand" in BARE["traceability.md"]
    for page in BARE.values():
        assert "✓" not in page
    assert "report/index.html" not in BARE


@pytest.fixture
def made(stages: list[StageResults]) -> dict[str, str]:
    return pages(FEATURES, TABLE, stages)


def test_a_feature_counts_the_scenarios_that_it_still_has(made: dict[str, str]) -> None:
    told = "✗ 2 of 3"
    assert told in made["features/index.md"]
    assert "✗ embedded: 2 of 3" in made["features/renewal.md"]
    assert "Was there once" not in made["features/renewal.md"]


def test_what_was_not_run_is_said_to_be_so(made: dict[str, str]) -> None:
    assert "embedded: not run" in made["features/passcode.md"]
    assert "embedded: not run" in made["features/renewal.md"]


def test_each_row_of_an_outline_has_its_own_result(made: dict[str, str]) -> None:
    rows = [
        line for line in made["features/renewal.md"].splitlines() if line.startswith("<tr><td>")
    ]
    told = {line.partition("</td>")[0].removeprefix("<tr><td>"): line for line in rows}
    assert "✓ 1.2 s" in told["P-256"]
    assert "✓ 1.2 s" in told["P-384"]
    assert "not run" in told["RSA-2048"]


def test_a_failure_is_shown_as_it_was_told(made: dict[str, str]) -> None:
    page = made["features/renewal.md"]
    assert "no &lt;word&gt; of it" in page
    assert "line *2*\n&lt;/pre&gt;&lt;script&gt;" in page
    assert "<script>" not in page


def test_a_screenshot_is_shown_and_comes_along(
    made: dict[str, str], stages: list[StageResults], tmp_path: Path
) -> None:
    folder = tmp_path / "embedded" / "screenshots"
    folder.mkdir(parents=True)
    (folder / "it is.png").write_bytes(b"png")
    (tmp_path / "embedded" / "junit.xml").write_text("<x/>")
    (tmp_path / "embedded" / "secret.txt").write_text("of somebody else")
    assert 'src="../report/embedded/screenshots/it%20is.png"' in made["features/renewal.md"]
    assert report_files(stages, tmp_path) == {
        "report/embedded/junit.xml": tmp_path / "embedded" / "junit.xml",
        "report/embedded/screenshots/it is.png": folder / "it is.png",
    }


def test_every_sentence_leads_to_its_scenarios(made: dict[str, str]) -> None:
    page = made["traceability.md"]
    for sentence in TABLE:
        assert f"“{as_text(sentence.text)}”" in page
        for holding in sentence.held_by:
            for title in holding.scenarios:
                link = f"](features/{holding.feature}.md#{anchor(title)})"
                assert link in page
                assert f"{{: #{anchor(title)} }}" in made[page_of(holding.feature)]
