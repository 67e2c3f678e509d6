# SPDX-License-Identifier: Apache-2.0
"""Tests on a fleet of containers: run with --stage containers, on one fleet a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from selfrenew.transport import Reader
from selfrenew_emulator.stage.containers import ContainersStage, ServiceContainer
from selfrenew_emulator.stage.remote import RemoteStage
from selfrenew_steps.holder import hand_out

from .nothing_lost import Holder


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    del collection_path
    return None if config.getoption("--stage") == "containers" else True


@pytest.fixture
def containers(apart: RemoteStage | None) -> Iterator[ContainersStage]:
    """The stage; whatever a test did to its containers is over before the next one."""
    assert isinstance(apart, ContainersStage)
    yield apart
    for service in apart.fleet:
        make_whole(service)


def make_whole(service: ServiceContainer) -> None:
    state = service.state
    if state["Paused"]:
        service.go_on()
    if not service.is_connected:
        service.connect()
    if not state["Running"]:
        service.start()
    service.wait_ready()


@pytest.fixture
def alice(containers: ContainersStage, card_reader: Reader) -> Holder:
    """Alice, her card in the reader's container, with 30 days left."""
    person = containers.make_person()
    held = hand_out(containers, card_reader, person, days_left=30)
    return Holder(containers, person, card_reader, held.handed_out)
