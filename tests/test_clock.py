# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

from selfrenew.clock import system_clock


def test_the_system_clock_tells_an_aware_time_in_utc() -> None:
    before, told, after = datetime.now(UTC), system_clock(), datetime.now(UTC)
    assert told.tzinfo is UTC
    assert before <= told <= after
