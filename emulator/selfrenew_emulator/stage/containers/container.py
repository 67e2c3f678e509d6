# SPDX-License-Identifier: Apache-2.0
"""A service in its container: where it is reached, and everything that can happen to it."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from .blueprint import Blueprint
from .daemon import asking
from .errors import ServiceNotReadyError

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.networks import Network

READY_SECONDS = 180.0
"""How long a service may take; a machine with much else to do takes long to start one."""
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 5.0
_GRACE_SECONDS = 30
_LOG_LINES = 200


class ServiceContainer:
    """One container of a fleet; it keeps its ports and what it stored over every restart."""

    def __init__(
        self,
        blueprint: Blueprint,
        container: "Container",
        network: "Network",
        ports: Mapping[str, int],
        root_file: Path,
    ) -> None:
        self.blueprint = blueprint
        self.ports = dict(ports)
        self._container = container
        self._network = network
        self._root_file = root_file

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self._container.name)

    def url(self, port: str, scheme: str = "http") -> str:
        """Give the address of one of its ports, from outside."""
        return f"{scheme}://127.0.0.1:{self.ports[port]}"

    @property
    def state(self) -> Mapping[str, Any]:
        """What the daemon says of it now."""
        with asking(f"Looking at the container {self.name}"):
            self._container.reload()
        found: Mapping[str, Any] = self._container.attrs["State"]
        return found

    @property
    def inspected(self) -> str:
        """All that the daemon knows of it, as JSON; no secret is in an environment or argument."""
        with asking(f"Looking at the container {self.name}"):
            self._container.reload()
        return json.dumps(self._container.attrs, indent=2)

    @property
    def is_running(self) -> bool:
        """Whether its program runs, paused or not."""
        return bool(self.state["Running"])

    @property
    def is_connected(self) -> bool:
        """Whether it is on the fleet's network."""
        with asking(f"Looking at the container {self.name}"):
            self._container.reload()
        return self._network.name in self._container.attrs["NetworkSettings"]["Networks"]

    def execute(self, *command: str) -> tuple[int, str]:
        """Run a command beside its program, and give its exit status and what it printed."""
        with asking(f"Running {command[0]} in {self.name}"):
            done = self._container.exec_run(list(command))
        return int(done.exit_code or 0), _whole(done.output).decode(errors="replace")

    def log(self, lines: int = _LOG_LINES) -> str:
        """Give the last lines that its program wrote."""
        with asking(f"Reading the log of {self.name}"):
            return bytes(self._container.logs(tail=lines)).decode(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it is ready. Raise ServiceNotReadyError."""
        with asking(f"Starting {self.name}"):
            self._container.start()
        self.wait_ready()

    def stop(self) -> None:
        """Have its program end in peace."""
        with asking(f"Stopping {self.name}"):
            self._container.stop(timeout=_GRACE_SECONDS)

    def kill(self) -> None:
        """End its program at once, whatever it is doing."""
        with asking(f"Killing {self.name}"):
            self._container.kill()
            self._container.wait(timeout=_GRACE_SECONDS)

    def restart(self) -> None:
        """Have its program end in peace, and start it anew. Raise ServiceNotReadyError."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Have it stand still: connections are accepted, and nothing answers."""
        with asking(f"Pausing {self.name}"):
            self._container.pause()

    def go_on(self) -> None:
        """End a pause."""
        with asking(f"Letting {self.name} go on"):
            self._container.unpause()

    def disconnect(self) -> None:
        """Take it off the network; its program runs on and reaches nobody."""
        with asking(f"Disconnecting {self.name}"):
            self._network.disconnect(self._container, force=True)

    def connect(self) -> None:
        """Put it back on the network, and wait until it is reached. Raise ServiceNotReadyError."""
        with asking(f"Connecting {self.name}"):
            self._network.connect(self._container, aliases=[self.blueprint.name])
        self.wait_ready()

    def wait_ready(self, patience_seconds: float = READY_SECONDS) -> None:
        """Return once the service answers that it is well. Raise ServiceNotReadyError."""
        plan = self.blueprint
        url = self.url(plan.health_port, "https" if plan.secure else "http") + plan.health
        expected = f"{url} to answer 200 within {patience_seconds:g} seconds"
        deadline = time.monotonic() + patience_seconds
        while True:
            seen = self._ailment(url)
            if seen is None:
                return
            state = self.state
            if not state["Running"]:
                seen = f"its program has ended with {state['ExitCode']}"
            elif time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                continue
            raise ServiceNotReadyError(self.name, expected, seen, self.log())

    def _ailment(self, url: str) -> str | None:
        try:
            verify = self._trust() if self.blueprint.secure else False
            # A connection of its own each time, since a pause or a partition leaves others behind.
            answer = httpx.get(url, verify=verify, trust_env=False, timeout=_ANSWER_SECONDS)
        except (httpx.HTTPError, OSError) as error:
            return str(error) or type(error).__name__
        return None if answer.is_success else f"the answer {answer.status_code}"

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._root_file))


def _whole(output: bytes | Iterator[bytes]) -> bytes:
    return output if isinstance(output, bytes) else b"".join(output)
