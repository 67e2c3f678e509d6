# SPDX-License-Identifier: Apache-2.0
"""The report of a campaign: pages for people, JSON for programs, JUnit for CI servers."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from .campaign import Outcome, kind_of
from .pages import write_pages
from .result import Result, Verdict


def write_report(folder: Path, outcome: Outcome) -> None:
    """Write index.html with the pages it links to, campaign.json and junit.xml."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pages(folder, outcome)
    document = {
        **outcome.summary(),
        "client": outcome.order.client,
        "results": [result.as_json() for result in outcome.results],
    }
    (folder / "campaign.json").write_text(json.dumps(document) + "\n", encoding="utf-8")
    tree = ET.ElementTree(_junit(outcome))
    tree.write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)


def _junit(outcome: Outcome) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name="campaign",
        tests=str(len(outcome.results)),
        failures=str(len(outcome.failures)),
        time=f"{outcome.seconds:.3f}",
    )
    for result in outcome.results:
        suite.append(_junit_case(result))
    return suite


def _junit_case(result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=kind_of(result),
        name=result.case,
        time=f"{result.milliseconds / 1000:.3f}",
    )
    if result.verdict is Verdict.FAILED:
        failure = ET.SubElement(case, "failure", message=result.violations[0])
        failure.text = "\n".join(result.violations)
    return case
