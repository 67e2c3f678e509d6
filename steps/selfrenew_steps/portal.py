# SPDX-License-Identifier: Apache-2.0
"""The portal: served over TLS under the stage's root, as it should be or with a fault."""

from collections.abc import Iterator

import pytest
from pytest_bdd import given, parsers

from selfrenew.portal import Assets
from selfrenew_emulator.stage import LocalStage, Stage
from selfrenew_emulator.stage.remote import RemoteStage

from .running_portal import RunningPortal
from .service_portal import RemotePortal, ServicePortal


@pytest.fixture(scope="session")
def remote_portal(programs: RemoteStage) -> Iterator[RemotePortal]:
    """One for the process, as its stage is."""
    portal = RemotePortal(programs)
    yield portal
    portal.close()


@pytest.fixture
def portal(request: pytest.FixtureRequest, stage: Stage) -> Iterator[ServicePortal]:
    """A portal with an address, which starts once there is a desktop to work with."""
    if isinstance(stage, RemoteStage):
        remote: RemotePortal = request.getfixturevalue("remote_portal")
        remote.begin()
        yield remote
        return
    assert isinstance(stage, LocalStage)
    assets: Assets = request.getfixturevalue("assets")
    portal = RunningPortal(stage, assets, stage.clock, agent_port=0)
    yield portal
    portal.close()


@given("the service needs newer software than she has")
def needs_newer(portal: ServicePortal) -> None:
    portal.minimum_version = "99"


@given(parsers.parse('the portal has the fault "{name}"'))
def has_fault(portal: ServicePortal, name: str) -> None:
    portal.fault = name
