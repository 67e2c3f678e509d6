# SPDX-License-Identifier: Apache-2.0
"""A private pcscd with readers of one's own, beside the machine's and without touching it.

The daemon runs in a mount namespace, where a folder of ours lies over its socket folder, and in a
network namespace, since vpcd listens on all addresses. The ports given out are listened on here, on
loopback; `pcscd_namespace` carries what comes in to the driver. vpcd makes two slots of each entry
of reader.conf, so an odd number of slots leaves one over, which stays empty.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from selfrenew_emulator.faults import Absence

from .errors import (
    NamespacesRefusedError,
    PcscdFailedError,
    PcscdMissingError,
    ReaderFolderError,
    ReaderPortTakenError,
)
from .pcscd_installation import find_pcscd, options_of
from .vpcd_reader import VpcdReader

SLOTS_MAX = 16
"""As many readers as pcsc-lite has contexts for."""
DEFAULT_NAME = "selfrenew"
_SLOTS_PER_ENTRY = 2
_NAME_MAX_BYTES = 100
# Below those that a kernel gives to who names none: vpcd's own 35963 is among these, and where it
# has been given away before pcscd starts, there is no reader.
_DRIVER_PORT = 0x6C7B
_SOCKET_PATH_MAX = 107
_READY_SECONDS = 20
_DRIVERS = tuple(
    Path(root) / "pcsc/drivers/serial/libifdvpcd.so"
    for root in ("/usr/lib", "/usr/local/lib", "/usr/lib64", "/usr/local/lib64")
)


class PrivatePcscd:
    """A pcscd of one's own; enter it to start, leave it to stop.

    `names` are the readers' names, one for each two slots; pcscd appends ` 00 00` and ` 00 01`.
    Missing names are made of the last one and a number. `ports` None takes free ones. `folder` is
    where its socket and its log go, a temporary one where it is None. Without `namespaces`, as in a
    container that is one pcscd's own, the socket is where pcscd is built to have it.
    """

    def __init__(
        self,
        slots: int = 2,
        *,
        names: Sequence[str] = (),
        ports: Sequence[int] | None = None,
        folder: Path | None = None,
        namespaces: bool = True,
    ) -> None:
        if not 1 <= slots <= SLOTS_MAX:
            raise ValueError(f"a pcscd has 1 to {SLOTS_MAX} slots, not {slots}")
        if ports is not None and len(ports) != slots:
            raise ValueError(f"{slots} slots need as many ports, not {len(ports)}")
        self._entries = _entry_names(names, -(-slots // _SLOTS_PER_ENTRY))
        self.reader_names = [
            f"{name} 00 {slot:02X}" for name in self._entries for slot in range(_SLOTS_PER_ENTRY)
        ][:slots]
        self._wanted = list(ports) if ports is not None else [0] * slots
        self._folder = folder
        self._namespaces = namespaces
        self._stack = ExitStack()
        self._commanding = threading.Lock()
        self._gone = False
        self._process: subprocess.Popen[bytes]
        self.ports: list[int]
        self.socket_file: Path

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
        self._stack.__exit__(kind, error, traceback)

    @property
    def pid(self) -> int | None:
        """The daemon's process, another one once it was restarted; None while it starts."""
        try:
            said = self.socket_file.with_name("pcscd.pid").read_bytes()
        except FileNotFoundError:
            return None
        number = said.split(b"\n")[0]
        return int(number) if number else None

    @property
    def running(self) -> bool:
        """Whether there is a daemon, or one is being started again."""
        return self._process.poll() is None

    def reader(self, slot: int = 0) -> VpcdReader[Any]:
        """Give a slot as a reader to put cards into, with the next one beside it."""
        return self.readers()[slot]

    def readers(self) -> list[VpcdReader[Any]]:
        """Give all slots as readers, each with the next one beside it."""
        readers: list[VpcdReader[Any]] = []
        for name, port in reversed(list(zip(self.reader_names, self.ports, strict=True))):
            beside = readers[0] if readers else None
            readers.insert(0, VpcdReader(name, port, service=self, neighbour=beside))
        return readers

    def vanish(self, absence: Absence) -> None:
        """Stop the daemon, or have it run without readers, until it comes back.

        Cards stay where they are, without power. Raise PcscdFailedError.
        """
        self._command("stop" if absence is Absence.NO_SERVICE else "bare")

    def come_back(self) -> None:
        """Run the daemon with its readers again, where it was gone. Raise PcscdFailedError."""
        if self._gone:
            self._command("start")

    def _command(self, word: str) -> None:
        with self._commanding:
            assert self._process.stdin is not None  # noqa: S101  opened at the start
            assert self._process.stdout is not None  # noqa: S101  the same
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()
            self._gone = word != "start"
            if not self._process.stdout.readline():
                raise PcscdFailedError(f"it did not {word}")

    def _start(self, stack: ExitStack) -> None:
        program, socket_folder = find_pcscd()
        driver = next((path for path in _DRIVERS if path.exists()), None)
        if driver is None:
            raise PcscdMissingError("vsmartcard's driver libifdvpcd.so")
        if self._namespaces and shutil.which("unshare") is None:
            raise PcscdMissingError("unshare")
        temporary = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="selfrenew-pcscd-"))
        )
        folder = temporary if self._folder is None else self._folder
        configuration = temporary / "reader.conf.d"
        if self._namespaces:
            sockets = folder / "socket"
            stack.callback(_remove_if_empty, sockets)
        else:
            sockets = socket_folder
        _check_socket_folder(sockets)
        self.socket_file = sockets / "pcscd.comm"
        configuration.mkdir()
        bare = temporary / "bare"
        bare.mkdir()
        drivers = temporary / "drivers"
        drivers.mkdir()
        (configuration / "vpcd").write_text(self._reader_conf(driver, drivers), "utf-8")
        listeners = [stack.enter_context(_listen(port)) for port in self._wanted]
        self.ports = [listener.getsockname()[1] for listener in listeners]
        plan = {
            "configuration": str(configuration),
            "bare": str(bare),
            "sockets": str(sockets),
            "over": str(socket_folder),
            "log": str(folder / "pcscd.log"),
            "temporary": str(temporary),
            "namespaces": self._namespaces,
            "options": options_of(program),
            "listeners": {
                str(listener.fileno()): _DRIVER_PORT + slot
                for slot, listener in enumerate(listeners)
            },
        }
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [
                *(_unshare() if self._namespaces else ()),
                *(sys.executable, "-m", f"{__package__}.pcscd_namespace", json.dumps(plan)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[listener.fileno() for listener in listeners],
        )
        stack.callback(self._stop)
        self._await_ready(folder / "pcscd.log")

    def _await_ready(self, log: Path) -> None:
        assert self._process.stdout is not None  # noqa: S101  opened above
        assert self._process.stderr is not None  # noqa: S101  the same
        if self._process.stdout.readline():
            return
        said = self._process.stderr.read().decode(errors="replace").strip()
        if "unshare" in said:
            raise NamespacesRefusedError(said.splitlines()[-1])
        logged = log.read_text(errors="replace").strip() if log.exists() else ""
        last = (said or logged or "it said nothing").splitlines()[-1]
        raise PcscdFailedError(last)

    def _stop(self) -> None:
        # The end of its input tells the process in the namespaces to end pcscd and itself.
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(_READY_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _reader_conf(self, driver: Path, copies: Path) -> str:
        entries = []
        for index, name in enumerate(self._entries):
            # The driver tells its slots apart by their number within an entry alone; only another
            # copy of it has slots of its own.
            copy = copies / f"vpcd-{index}.so"
            shutil.copyfile(driver, copy)
            port = _DRIVER_PORT + _SLOTS_PER_ENTRY * index
            entries.append(
                f'FRIENDLYNAME "{name}"\n'
                f"DEVICENAME   /dev/null:0x{port:X}\n"
                f"LIBPATH      {copy}\n"
                f"CHANNELID    0x{port:X}\n"
            )
        return "\n".join(entries)


def _entry_names(names: Sequence[str], count: int) -> list[str]:
    given = list(names) or [DEFAULT_NAME]
    for name in given:
        printable = name.isprintable() and '"' not in name and name.strip() == name != ""
        if not printable or len(name.encode()) > _NAME_MAX_BYTES:
            raise ValueError(
                f"{name!r} names no reader: 1 to {_NAME_MAX_BYTES} printable bytes, "
                "no quotation mark and no blank at either end"
            )
    if len(given) > count or len(set(given)) < len(given):
        raise ValueError(f"{count} different names are enough, one for each two slots")
    base = given[-1]
    number = 2
    while len(given) < count:
        if f"{base} {number}" not in given:
            given.append(f"{base} {number}")
        number += 1
    return given


def _check_socket_folder(sockets: Path) -> None:
    """Make the folder of pcscd's socket where it is missing. Raise ReaderFolderError."""
    if len(os.fsencode(sockets / "pcscd.comm")) > _SOCKET_PATH_MAX:
        raise ReaderFolderError(sockets, "its path is too long for a socket's")
    try:
        sockets.mkdir(parents=True, exist_ok=True)
        # To make it there does not tell whether a socket can be made in it.
        tempfile.TemporaryFile(dir=sockets).close()
    except OSError as error:
        raise ReaderFolderError(sockets, error.strerror or str(error)) from error


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # what is in it is not ours
        folder.rmdir()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ReaderPortTakenError(port, error.strerror or str(error)) from error
    return listener


def _unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--mount", "--net", *user, "--"]
