# SPDX-License-Identifier: Apache-2.0
"""A fleet: the services of a stage in containers, on a network of their own.

What it makes carries its label and its owner's, and goes with it, however the owner ends: a second
process clears it away once the owner's end of a pipe is closed. What was left all the same, as
after a power cut, is cleared away by the next fleet to start, where its owner is known to be dead.
"""

import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from selfrenew_emulator.stage.folder import StageFolder

from . import clearing
from .blueprint import SOCKET_MOUNT, STAGE_MOUNT, STATE_MOUNT, Blueprint
from .clearing import FLEET_LABEL, FOLDER_LABEL, FOLDER_PREFIX, OWNER_LABEL, clear_fleet
from .container import ServiceContainer
from .daemon import asking, container_user, image_of, open_docker
from .errors import DockerRefusedError, FleetPortError
from .owner import Owner

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.networks import Network

# Below the ports that the kernel gives out for connections, so that a restarted container finds its
# own still free.
_PORTS = range(15_000, 32_000)
_PORT_ATTEMPTS = 4
_PORT_COMPLAINTS = ("port is already allocated", "address already in use")
_TEMPORARY_BYTES = 64 * 1024 * 1024
_PROCESSES_MAX = 256
_HEALTH_INTERVAL = 60 * 1_000_000_000
"""Nanoseconds. Who waits asks the service itself; each of the daemon's checks is a process."""
_CLEARING_SECONDS = 60


class Fleet:
    """Containers of one stage; enter it to connect to docker, leave it to clear everything away.

    `logs` is the folder that takes the containers' logs when something goes wrong. `state_bytes`
    bounds what a service can keep, by its name; that much is then lost with the container's end.
    """

    def __init__(
        self, *, logs: Path | None = None, state_bytes: Mapping[str, int] | None = None
    ) -> None:
        self._logs = logs
        self._state_bytes = dict(state_bytes or {})
        self._stack = ExitStack()
        self._services: dict[str, ServiceContainer] = {}
        self._random = random.SystemRandom()
        self.id = secrets.token_hex(6)
        self._client: DockerClient
        self._network: Network
        self._user: tuple[int, int]
        self._labels: dict[str, str]
        self.folder: StageFolder
        self.socket_folder: Path

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if error is not None and self._logs is not None:
                self.collect_logs(self._logs)

    def __getitem__(self, name: str) -> ServiceContainer:
        return self._services[name]

    def __iter__(self) -> Iterator[ServiceContainer]:
        return iter(self._services.values())

    @property
    def pcscd_socket(self) -> Path:
        """What PCSCLITE_CSOCK_NAME names for programs outside."""
        return self.socket_folder / "pcscd.comm"

    def launch(
        self, *blueprints: Blueprint, ports: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """Start services side by side, and wait until all are ready. Raise FleetError.

        `ports` are the ones that were chosen for a service before, by its name.
        """
        for blueprint in blueprints:
            chosen = (ports or {}).get(blueprint.name)
            self._services[blueprint.name] = self._run(blueprint, chosen)
        for blueprint in blueprints:
            self._services[blueprint.name].wait_ready()

    def dismiss(self, name: str) -> None:
        """Remove a service's container; what it kept stays for the next of its name."""
        service = self._services.pop(name)
        with asking(f"Removing {service.name}"):
            self._client.containers.get(service.name).remove(force=True)

    def give(self, *paths: Path) -> None:
        """Let the programs in the containers own files of the stage's folder."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, *self._user)

    def choose_ports(self, blueprint: Blueprint) -> dict[str, int]:
        """Choose free ports of this machine, by what they are for."""
        chosen: dict[str, int] = {}
        for purpose in blueprint.ports:
            port = next(
                port
                for port in self._random.sample(_PORTS, len(_PORTS))
                if port not in chosen.values() and _is_free(port)
            )
            chosen[purpose] = port
        return chosen

    def collect_logs(self, folder: Path) -> None:
        """Write each container's log, and what the daemon knows of it, into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for service in self:
            try:
                (folder / f"{service.name}.log").write_text(service.log(lines=100_000), "utf-8")
                (folder / f"{service.name}.json").write_text(service.inspected, "utf-8")
            except DockerRefusedError as error:
                (folder / f"{service.name}.log").write_text(f"{error}\n", "utf-8")

    def _start(self, stack: ExitStack) -> None:
        self._client = open_docker()
        stack.callback(self._client.close)
        _clear_leftovers(self._client)
        self._user = container_user(self._client)
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._labels = {
            FLEET_LABEL: self.id,
            OWNER_LABEL: Owner.this_process().label(),
            FOLDER_LABEL: str(folder),
        }
        stack.enter_context(_cleared_away(self._client, self.id, folder))
        self.folder = StageFolder(folder / "stage")
        self.socket_folder = folder / "pcscd"
        for each in (self.folder.path, self.socket_folder):
            each.mkdir(mode=0o755)
            self.give(each)
        with asking("Making a network"):
            self._network = self._client.networks.create(
                f"selfrenew-{self.id}", driver="bridge", labels=self._labels
            )

    def _run(self, blueprint: Blueprint, chosen: Mapping[str, int] | None) -> ServiceContainer:
        image = image_of(self._client, blueprint.name)
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            ports = chosen or self.choose_ports(blueprint)
            try:
                return self._run_at(blueprint, image, ports)
            except DockerRefusedError as error:
                if not any(complaint in str(error) for complaint in _PORT_COMPLAINTS):
                    raise
                if chosen is not None or attempt == _PORT_ATTEMPTS:
                    raise FleetPortError(blueprint.name, str(error)) from error
        raise AssertionError("the last attempt returns or raises")

    def _run_at(
        self, blueprint: Blueprint, image: str, ports: Mapping[str, int]
    ) -> ServiceContainer:
        name = f"selfrenew-{self.id}-{blueprint.name}"
        with asking(f"Making the container {name}"):
            container = self._client.containers.create(
                image,
                list(blueprint.arguments),
                name=name,
                hostname=blueprint.name,
                labels=self._labels,
                user="{}:{}".format(*self._user),
                ports={
                    f"{blueprint.ports[purpose]}/tcp": ("127.0.0.1", port)
                    for purpose, port in ports.items()
                },
                mounts=self._mounts(blueprint),
                tmpfs=_temporary(blueprint),
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                pids_limit=_PROCESSES_MAX,
                healthcheck={"interval": _HEALTH_INTERVAL},
                network=self._network.name,
                networking_config={
                    str(self._network.name): self._client.api.create_endpoint_config(
                        aliases=[blueprint.name]
                    )
                },
            )
        try:
            with asking(f"Starting the container {name}"):
                container.start()
        except DockerRefusedError:
            container.remove(force=True)
            raise
        root = self.folder.root_file
        return ServiceContainer(blueprint, container, self._network, ports, root)

    def _mounts(self, blueprint: Blueprint) -> list[Any]:
        from docker.types import Mount  # noqa: PLC0415  an extra

        mounts = [Mount(STAGE_MOUNT, str(self.folder.path), "bind")]
        if blueprint.has_sockets:
            mounts.append(Mount(SOCKET_MOUNT, str(self.socket_folder), "bind"))
        if blueprint.keeps_state:
            mounts.append(Mount(STATE_MOUNT, self._volume(blueprint.name), "volume"))
        return mounts

    def _volume(self, service: str) -> str:
        name = f"selfrenew-{self.id}-{service}"
        options: dict[str, str] = {}
        if service in self._state_bytes:
            user, group = self._user
            size = self._state_bytes[service]
            options = {
                "type": "tmpfs",
                "device": "tmpfs",
                "o": f"size={size},uid={user},gid={group},mode=0700",
            }
        with asking(f"Making the volume {name}"):
            self._client.volumes.create(
                name, driver="local", driver_opts=options, labels=self._labels
            )
        return name


def _clear_leftovers(client: "DockerClient") -> None:
    """Clear away the fleets whose owners are dead."""
    dead: dict[str, Path] = {}
    chosen: dict[str, str | list[str] | bool] = {"label": FLEET_LABEL}
    with asking("Looking for what killed runs left"):
        found = [
            *(
                each.labels
                for each in client.containers.list(all=True, filters=chosen, ignore_removed=True)
            ),
            *(
                (each.attrs or {}).get("Labels") or {}
                for each in client.networks.list(filters=chosen)
            ),
            *(
                (each.attrs or {}).get("Labels") or {}
                for each in client.volumes.list(filters=chosen)
            ),
        ]
        for labels in found:
            owner = Owner.from_label(labels.get(OWNER_LABEL, ""))
            if owner is not None and owner.is_dead:
                dead[labels[FLEET_LABEL]] = Path(labels.get(FOLDER_LABEL, ""))
        for fleet, folder in dead.items():
            clear_fleet(client, fleet, folder)


@contextmanager
def _cleared_away(client: "DockerClient", fleet: str, folder: Path) -> Iterator[None]:
    """Clear the fleet away, or have another process do it should this one not come to it."""
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, str(clearing.__file__), fleet, str(folder)],
        stdin=subprocess.PIPE,
        # Ctrl-C at a terminal goes to a whole group; this is to outlive the rest of it.
        start_new_session=True,
    )
    with process:
        try:
            yield
        finally:
            # Not told that it is done where this fails, it tries once more.
            with asking("Clearing the containers away"):
                clear_fleet(client, fleet, folder)
            process.communicate(clearing.DONE, timeout=_CLEARING_SECONDS)


def _temporary(blueprint: Blueprint) -> dict[str, str]:
    """Give a container a temporary folder, in memory; docker's are no place to load code from."""
    options = f"size={_TEMPORARY_BYTES},mode=1777"
    return {"/tmp": f"{options},exec" if blueprint.loads_copies else options}  # noqa: S108  its own


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
