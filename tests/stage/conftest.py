# SPDX-License-Identifier: Apache-2.0
"""The CA and the services as programs serve them, and the clients of their control APIs."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfrenew.secret import Secret
from selfrenew_emulator.clock import FileClock
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_emulator.stage.remote.ca import RemoteAuthority
from selfrenew_emulator.stage.remote.client import ControlClient
from selfrenew_emulator.stage.remote.services import RemoteDesk, RemoteMail, RemoteOutbox
from selfrenew_emulator.stage.serving.ca import serve_ca
from selfrenew_emulator.stage.serving.listening import Listen
from selfrenew_emulator.stage.serving.services import serve_services


@dataclass
class ServedServices:
    """Card management, Spine and mail, and how they are told things."""

    control: str
    management: str
    spine: str
    mail_port: int
    client: ControlClient

    def __post_init__(self) -> None:
        self.desk = RemoteDesk(self.client)
        self.mail = RemoteMail(self.client)
        self.outbox = RemoteOutbox(self.client)


class World:
    """What starts programs on folders of a test; they end where they are told to, or with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.shared = StageFolder(path / "shared")
        self.clock = FileClock(self.shared.clock_file("ca"), self.shared.clock_file("services"))
        self.clock.set(DEFAULT_NOW)
        self._stack = ExitStack()
        self._ca = ExitStack()

    @property
    def token(self) -> Secret:
        return self.shared.read_control_token()

    def start_ca(self, *names: str) -> dict[str, str]:
        said = self._ca.enter_context(
            serve_ca(
                self._path / "ca",
                self.shared.path,
                Listen(names=names),
                clock=self.shared.clock_file("ca"),
            )
        )
        self._stack.callback(self.stop_ca)
        return said

    def stop_ca(self) -> None:
        self._ca.close()

    def client(self, url: str) -> ControlClient:
        return self._stack.enter_context(closing(ControlClient(url, self.token)))

    def start_services(self, ca_url: str) -> ServedServices:
        said = self._stack.enter_context(
            serve_services(
                self._path / "services",
                self.shared.path,
                ca_url,
                Listen(),
                clock=self.shared.clock_file("services"),
            )
        )
        client = self.client(said["control"])
        port = int(said["mail"].rpartition(":")[2])
        return ServedServices(said["control"], said["management"], said["spine"], port, client)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def served_ca(world: World) -> dict[str, str]:
    """The addresses of a running CA, which is also reached as ca.test."""
    return world.start_ca("ca.test")


@pytest.fixture
def authority(world: World, served_ca: dict[str, str]) -> RemoteAuthority:
    return RemoteAuthority(world.client(served_ca["control"]))


@pytest.fixture
def services(world: World, served_ca: dict[str, str]) -> ServedServices:
    return world.start_services(served_ca["control"])
