# SPDX-License-Identifier: Apache-2.0
"""A world that the cases of a module are played in."""

import logging
from collections.abc import Iterator

import pytest

from selfrenew_emulator.campaign.client import REFERENCE, find_client
from selfrenew_emulator.campaign.world import World


@pytest.fixture(autouse=True)
def _as_loud_as_before() -> Iterator[None]:
    """Undo what keeps a campaign's process quiet, since other tests look into logs."""
    loggers = [logging.getLogger(name) for name in ("selfrenew", "selfrenew_emulator")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(find_client(REFERENCE), "tests") as running:
        yield running
