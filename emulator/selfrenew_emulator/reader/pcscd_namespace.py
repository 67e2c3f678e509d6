# SPDX-License-Identifier: Apache-2.0
"""The process inside the namespaces: it starts pcscd, restarts it, and carries cards to it.

Run by `PrivatePcscd` with a plan in JSON. It prints a line once pcscd is ready, starts pcscd again
when that dies, and ends with its standard input. So nothing is left, however that process ended. A
line of its input has pcscd `stop`, or `start` anew with its readers or `bare`; each is answered by
one when it is done.
"""

import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_SIOCSIFFLAGS = 0x8914
_INTERFACE_UP = 0x1
_CHUNK = 65_537
_READY_POLLS = 400
_POLL_SECONDS = 0.025
_CRASHES_MAX = 5
_STABLE_SECONDS = 10
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Relay:
    """Carries bytes between the ports outside and vpcd's ports inside, one card a port."""

    def __init__(self, listeners: dict[int, int]) -> None:
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._closed: set[socket.socket] = set()
        self._busy: dict[int, socket.socket] = {}
        for descriptor, port in listeners.items():
            listener = socket.socket(fileno=descriptor)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, port)

    def watch(self, descriptor: int) -> None:
        """Have `run` return when a descriptor can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def unwatch(self, descriptor: int) -> None:
        """Stop watching."""
        self._selector.unregister(descriptor)

    def run(self) -> int:
        """Carry until a watched descriptor can be read; return it."""
        while True:
            for key, _ in self._selector.select():
                source = key.fileobj
                if isinstance(source, int):
                    return source
                assert isinstance(source, socket.socket)  # noqa: S101  nothing else is registered
                if isinstance(key.data, int):
                    self._accept(source, key.data)
                elif source in self._peers:
                    self._carry(source)

    def _accept(self, listener: socket.socket, port: int) -> None:
        with suppress(OSError):
            outside, _ = listener.accept()
            outside.setblocking(True)
            if port in self._busy:
                # A slot holds one card; vpcd would leave a second one waiting without a word.
                outside.close()
                return
            try:
                inside = socket.create_connection(("127.0.0.1", port), timeout=5)
            except OSError:
                outside.close()
                return
            inside.settimeout(None)
            self._busy[port] = inside
            for one, other in ((outside, inside), (inside, outside)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _acknowledge_at_once(one)
                self._peers[one] = other
                self._selector.register(one, selectors.EVENT_READ, None)

    def _carry(self, source: socket.socket) -> None:
        target = self._peers[source]
        try:
            data = source.recv(_CHUNK)
            if data:
                _acknowledge_at_once(source)
                target.sendall(data)
                return
            # The card is taken out: the driver has to see it, and its own end tells the card's.
            self._selector.unregister(source)
            self._closed.add(source)
            if target not in self._closed:
                target.shutdown(socket.SHUT_WR)
                if target in self._busy.values():
                    return
        except OSError:
            pass
        self._drop(source, target)

    def _drop(self, *pair: socket.socket) -> None:
        for each in pair:
            if each not in self._closed:
                self._selector.unregister(each)
            self._closed.discard(each)
            self._peers.pop(each, None)
            each.close()
        self._busy = {port: inside for port, inside in self._busy.items() if inside not in pair}


def _acknowledge_at_once(connection: socket.socket) -> None:
    if _QUICKACK is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _prepare(plan: dict[str, Any]) -> None:
    """Bring loopback up, and lay our folder over the one of pcscd's socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", _INTERFACE_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
    over = Path(plan["over"])
    sockets = plan["sockets"]
    if not over.is_dir():
        # Made in a file system of our own, since the machine's may not be ours to write.
        descriptor = os.open(sockets, os.O_PATH)
        _run("mount", "-t", "tmpfs", "selfrenew", str(over.parent))
        over.mkdir()
        sockets = f"/proc/self/fd/{descriptor}"
        os.set_inheritable(descriptor, True)
        subprocess.run(  # noqa: S603
            ["mount", "--no-canonicalize", "--bind", sockets, str(over)],  # noqa: S607
            check=True,
            pass_fds=[descriptor],
        )
        return
    _run("mount", "--bind", sockets, str(over))


def _sweep(sockets: Path) -> None:
    """Remove what a daemon left that was killed: another one takes its number for a living one's.

    A container's processes have the same few numbers at each start.
    """
    for name in ("pcscd.comm", "pcscd.pid"):
        (sockets / name).unlink(missing_ok=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603  our own commands


def _start(plan: dict[str, Any], configuration: str) -> subprocess.Popen[bytes]:
    program = shutil.which("pcscd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    with Path(plan["log"]).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  found by the process outside as well
            # pcscd is not to outlive this process, whichever way that one ends.
            [
                *("setpriv", "--pdeathsig", "KILL"),
                *(
                    str(program),
                    "--foreground",
                    "--config",
                    configuration,
                    *plan["options"],
                ),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Real readers stay the machine's own daemon's: no driver of theirs is found there.
            env={**os.environ, "PCSCLITE_HP_DROPDIR": configuration},
        )


def _await_socket(plan: dict[str, Any], daemon: int) -> bool:
    """Wait until pcscd takes clients; False where it ends before."""
    path = str(Path(plan["over"]) / "pcscd.comm")
    with selectors.DefaultSelector() as ended:
        ended.register(daemon, selectors.EVENT_READ)
        for _ in range(_READY_POLLS):
            with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
                client.connect(path)
                return True
            if ended.select(_POLL_SECONDS):
                return False
    return False


def _answer(word: str) -> None:
    print(word, flush=True)  # noqa: T201  the protocol with the process outside


def _read_command(relay: Relay) -> str:
    """Read the next command but `stop`, which is done; empty at the end of the input."""
    while (command := sys.stdin.buffer.readline().decode().strip()) == "stop":
        _answer("stopped")
        # Cards that look for their reader meanwhile are turned away.
        while relay.run() != sys.stdin.fileno():
            pass
    return command


def main(argument: str) -> int:
    """Run until standard input ends; return 1 where pcscd does not stay up."""
    plan = json.loads(argument)
    # Whoever started this may wait for signals by blocking them; pcscd has to get its own.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if plan["namespaces"]:
        _prepare(plan)
    else:
        _sweep(Path(plan["over"]))
    relay = Relay({int(descriptor): port for descriptor, port in plan["listeners"].items()})
    standard_input = sys.stdin.fileno()
    relay.watch(standard_input)
    crashes, answer_due, configuration = 0, True, plan["configuration"]
    while crashes < _CRASHES_MAX:
        with _start(plan, configuration) as daemon:
            started = time.monotonic()
            ended = os.pidfd_open(daemon.pid)
            try:
                if not _await_socket(plan, ended):
                    daemon.terminate()
                    return 1
                if answer_due:
                    _answer("ready")
                    answer_due = False
                relay.watch(ended)
                asked = relay.run() == standard_input
                relay.unwatch(ended)
                if asked:
                    daemon.terminate()
            finally:
                os.close(ended)
        if asked:
            command = _read_command(relay)
            if command:
                configuration = plan["bare" if command == "bare" else "configuration"]
                crashes, answer_due = 0, True
                continue
            # The process outside may have been killed, and then nobody else does it.
            shutil.rmtree(plan["temporary"], ignore_errors=True)
            return 0
        crashes = 0 if time.monotonic() - started > _STABLE_SECONDS else crashes + 1
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
