# SPDX-License-Identifier: Apache-2.0
"""What stands in a fleet's way is named with the remedy, and nothing is left of it."""

import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from selfrenew_emulator.stage.containers import (
    CA,
    ContainersStage,
    DaemonUnavailableError,
    Fleet,
    FleetPortError,
    ImageMissingError,
    ServiceNotReadyError,
)
from selfrenew_emulator.stage.containers.clearing import FLEET_LABEL
from selfrenew_emulator.stage.containers.daemon import TAG_VARIABLE
from selfrenew_emulator.stage.local import DEFAULT_NOW
from selfrenew_emulator.stage.remote.stage import shared_clock

_LEAVE = """
import os, sys
from selfrenew_emulator.stage.containers import Fleet, CA
from selfrenew_emulator.stage.local import DEFAULT_NOW
from selfrenew_emulator.stage.remote.stage import shared_clock
fleet = Fleet().__enter__()
shared_clock(fleet.folder).set(DEFAULT_NOW)
fleet.launch(CA)
print(fleet.id, fleet.folder.path.parent, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = docker.DockerClient.from_env()
    yield client
    client.close()


def run_of_another_process() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", _LEAVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def left(client: docker.DockerClient, fleet: str) -> list[object]:
    label = f"{FLEET_LABEL}={fleet}"
    return [
        *client.containers.list(all=True, filters={"label": label}),
        *client.networks.list(filters={"label": label}),
        *client.volumes.list(filters={"label": label}),
    ]


# Docker's client leaves the socket open that nobody answers at.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_daemon_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(DaemonUnavailableError) as raised, Fleet():
        pass
    assert f"{tmp_path}/docker.sock failed: No such file or directory. Start docker" in str(
        raised.value
    )
    assert "\n" not in str(raised.value)
    del raised
    gc.collect()


def test_a_daemon_that_is_others_names_the_group() -> None:
    refused = DaemonUnavailableError("unix:///x", "Permission denied", forbidden=True)
    assert "Add your account to the group docker" in str(refused)


def test_images_of_other_sources_are_not_run(
    monkeypatch: pytest.MonkeyPatch, client: docker.DockerClient
) -> None:
    monkeypatch.setenv(TAG_VARIABLE, "of-no-source")
    with Fleet() as fleet, pytest.raises(ImageMissingError, match="ci/containers/build"):
        fleet.launch(CA)
    assert left(client, fleet.id) == []


def test_a_taken_port_is_named_and_what_was_begun_is_gone(client: docker.DockerClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Fleet() as fleet:
        shared_clock(fleet.folder).set(DEFAULT_NOW)
        ports = {**fleet.choose_ports(CA), "control": taken.getsockname()[1]}
        with pytest.raises(FleetPortError, match=str(ports["control"])):
            fleet.launch(CA, ports={CA.name: ports})
        assert (
            client.containers.list(all=True, filters={"label": f"{FLEET_LABEL}={fleet.id}"}) == []
        )
    assert left(client, fleet.id) == []


def test_a_service_that_ends_tells_what_was_expected_seen_and_said(
    client: docker.DockerClient, tmp_path: Path
) -> None:
    # There is no clock's file, which the CA is told to go by.
    with pytest.raises(ServiceNotReadyError) as raised, Fleet(logs=tmp_path) as fleet:
        fleet.launch(CA)
    assert "expected http://127.0.0.1:" in str(raised.value)
    assert "seen: its program has ended with" in str(raised.value)
    assert "/stage/clock/ca" in str(raised.value)
    assert "/stage/clock/ca" in next(tmp_path.glob("*-ca.log")).read_text("utf-8")
    assert left(client, fleet.id) == []
    assert not fleet.folder.path.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_nothing_is_left_of_a_run_that_is_ended(
    client: docker.DockerClient, number: signal.Signals
) -> None:
    with run_of_another_process() as run:
        assert run.stdout is not None
        fleet, folder = run.stdout.readline().split()
        assert left(client, fleet) != []
        (clearing,) = children(run.pid)
        descriptor = os.pidfd_open(clearing)
        run.send_signal(number)
        run.wait(60)
    await_end(descriptor)
    assert left(client, fleet) == []
    assert not Path(folder).exists()


def test_what_a_dead_run_left_goes_with_the_next_and_a_living_ones_stays(
    containers: ContainersStage, client: docker.DockerClient
) -> None:
    with run_of_another_process() as run:
        assert run.stdout is not None
        fleet, folder = run.stdout.readline().split()
        for each in (*children(run.pid), run.pid):
            os.kill(each, signal.SIGKILL)
        run.wait(60)
    assert left(client, fleet) != []
    with Fleet():
        assert left(client, fleet) == []
    assert not Path(folder).exists()
    assert all(service.is_running for service in containers.fleet)


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def await_end(descriptor: int) -> None:
    """Wait for the end of a process that is not a child."""
    try:
        assert select.select([descriptor], [], [], 60)[0], "it did not end"
    finally:
        os.close(descriptor)
