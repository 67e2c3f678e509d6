# SPDX-License-Identifier: Apache-2.0
"""What a first visit transfers; how long it takes is the benchmark's to say."""

from typing import Any

from selfrenew_steps.running_portal import RunningPortal
from tests.browser.moving import heading

TRANSFERRED_MAX_BYTES = 150_000


def test_a_first_visit_transfers_at_most_150_kb(page: Any, portal: RunningPortal) -> None:
    page.goto(portal.url)
    heading(page, "Select service")
    transferred = page.evaluate(
        "[...performance.getEntriesByType('navigation'), "
        "...performance.getEntriesByType('resource')]"
        ".reduce((sum, each) => sum + each.transferSize, 0)"
    )
    assert 10_000 < transferred <= TRANSFERRED_MAX_BYTES
