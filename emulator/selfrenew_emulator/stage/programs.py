# SPDX-License-Identifier: Apache-2.0
"""The programs stage: CA, services, readers and portal as processes on loopback, as containers are.

What the containers are to be is played with it where there is no Docker.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .configuration import StageUrls
from .errors import ProgramFailedError
from .folder import StageFolder
from .local import DEFAULT_NOW
from .remote.stage import Controls, RemoteStage, shared_clock
from .server import HOST, bind

_COMMAND = (sys.executable, "-c", "from selfrenew_emulator.cli import main; main()")
_ENDING_SECONDS = 20


class Program:
    """`selfrenew-emulator` with arguments, in a process of its own."""

    def __init__(self, log: Path, *arguments: str | Path) -> None:
        self._log = log
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; `ready` says when it is."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [*_COMMAND, *map(str, self._arguments), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def ready(self) -> dict[str, Any]:
        """Wait until it is ready and give what it said. Raise ProgramFailedError."""
        assert self._process is not None  # noqa: S101  started before
        assert self._process.stdout is not None  # noqa: S101  opened above
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(errors="replace").strip() or "it said nothing"
            raise ProgramFailedError(" ".join(map(str, self._arguments[:2])), said)
        said_ready: dict[str, Any] = json.loads(line)
        return said_ready

    def stop(self) -> None:
        """End it; ending it twice is harmless."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            process.terminate()
            try:
                process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class PortalProgram:
    """The portal as a process."""

    def __init__(self, folder: StageFolder, spine: str) -> None:
        with bind() as listener:
            self.port = int(listener.getsockname()[1])
        self.listen = f"{HOST}:{self.port}"
        self.spine = spine
        self._folder = folder
        self._program: Program | None = None

    def start(self, fault: str | None = None) -> None:
        """Start it, with a fault or none, and return once it is well. Raise StageError."""
        folder = self._folder
        self._program = Program(
            folder.path / "portal.log",
            *("portal", "--config", folder.portal_config_file),
            *("--clock", folder.clock_file("portal")),
            *(() if fault is None else ("--fault", fault)),
        )
        self._program.start()
        self._program.ready()

    def stop(self) -> None:
        """End it; ending it twice is harmless."""
        if self._program is not None:
            self._program.stop()


@contextmanager
def run_programs() -> Iterator[RemoteStage]:
    """Start the programs and give the stage of them. Raise StageError."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="selfrenew-stage-")))
        folder = StageFolder(path / "shared")
        shared_clock(folder).set(DEFAULT_NOW)

        def start(name: str, *arguments: str | Path) -> Program:
            kept = ("--state", path / name, "--shared", folder.path)
            program = Program(path / f"{name}.log", name, "serve", *kept, *arguments)
            stack.callback(program.stop)
            program.start()
            return program

        ca_program = start("ca", "--clock", folder.clock_file("ca"))
        reader_program = start("reader")
        ca = ca_program.ready()
        services = start(
            "services", "--ca", ca["control"], "--clock", folder.clock_file("services")
        ).ready()
        reader = reader_program.ready()
        portal = PortalProgram(folder, services["spine"])
        stack.callback(portal.stop)
        urls = StageUrls(
            cmp_http=ca["cmp"],
            cmp_https=ca["cmp_https"],
            management=services["management"],
            spine=services["spine"],
            desk=services["control"],
            mail=services["mail"],
        )
        controls = Controls(ca["control"], services["control"], reader["control"])
        yield stack.enter_context(
            RemoteStage(folder, urls, controls, portal, socket_file=Path(reader["socket"]))
        )
