# SPDX-License-Identifier: Apache-2.0
"""A world that the cases of a module are played in."""

from collections.abc import Iterator

import pytest

from selfrenew_emulator.campaign.client import REFERENCE, find_client
from selfrenew_emulator.campaign.world import World
from tests.log_levels import log_levels_kept


@pytest.fixture(autouse=True)
def _as_loud_as_before() -> Iterator[None]:
    with log_levels_kept():
        yield


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(find_client(REFERENCE), "tests") as running:
        yield running
