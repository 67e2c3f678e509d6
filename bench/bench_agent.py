# SPDX-License-Identifier: Apache-2.0
"""What an idle agent takes, and how soon it notices that its card is out; --pcsc through pcscd."""

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from measuring import tell

from selfrenew.agent import ExpiryNotice
from selfrenew.agent.dialogs import Answer
from selfrenew.agent.dialogs.dismissable import Dismissable
from selfrenew.agent.state import CardState, Situation
from selfrenew.config import assemble, load_configuration
from selfrenew.secret import Secret
from selfrenew.services import Role
from selfrenew_emulator.card import Card
from selfrenew_emulator.stage import TEST_PASSCODE, EmbeddedStage, Stage
from selfrenew_emulator.stage.pcsc import PcscStage

_AGENT = "from selfrenew.cli import main; main()"
_IDLE_SECONDS = 10.0
_REMOVALS = 15
_POLL_MS = 400.0
"""How often pcscd asks a driver that does not tell by itself."""
_CPU_LIMIT, _MEMORY_LIMIT_MB, _REMOVAL_LIMIT_MS = 0.5, 80.0, 100.0


class AnsweringDialogs(Dismissable):
    """A person that signs in and says No."""

    def ask_passcode(self, told: str = "") -> Secret | None:
        """Give the passcode."""
        del told
        with self._question() as may:
            return Secret(TEST_PASSCODE) if may else None

    def choose_role(self, roles: Sequence[Role]) -> Role | None:
        """Take the first."""
        return roles[0]

    def show_notice(self, notice: ExpiryNotice) -> Answer | None:
        """Say No."""
        del notice
        return Answer.NO

    def show_link(self, text: str, url: str, *, title: str | None = None) -> None:
        """Look away."""

    def tell(self, text: str) -> None:
        """Look away."""

    def _take_away(self) -> None:
        """Nothing waits."""

    def _forget(self) -> None:
        """Nothing waits."""


def resident_mb(process: int) -> float:
    """Return a process's resident memory; Linux only."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) / 1e3
    raise LookupError("the kernel tells no VmRSS")


def cpu_seconds(process: int) -> float:
    """Return the time a process has had on processors; Linux only."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def bare_mb() -> float:
    """Measure an interpreter that does nothing."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  our own interpreter
        assert process.stdout is not None
        process.stdout.readline()
        found = resident_mb(process.pid)
        process.communicate(b"\n")
    return found


def read_until(terminal: int, words: bytes) -> None:
    """Read what appears on a terminal."""
    seen = b""
    while words not in seen:
        seen += os.read(terminal, 4096)


def measure_idle(stage: Stage, name: str) -> None:
    """Run the agent as a program, sign in, and let it be."""
    ours, theirs = pty.openpty()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        options = ("--now", stage.clock().isoformat(), "--config", str(stage.config_file))
        process = stack.enter_context(
            subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, "-c", _AGENT, "agent", "--terminal", *options],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={**os.environ, "XDG_RUNTIME_DIR": folder, "SELFRENEW_AGENT_PORT": "0"},
            )
        )
        os.close(theirs)
        stack.callback(process.terminate)
        for words, answer in (
            (b"Passcode: ", TEST_PASSCODE),
            (b"work in: ", b"1"),
            (b"No: ", b"no"),
        ):
            read_until(ours, words)
            os.write(ours, answer + b"\n")
        read_until(ours, b"https://")
        # What signing in still has to do is not idleness.
        time.sleep(1)
        before = cpu_seconds(process.pid)
        time.sleep(_IDLE_SECONDS)
        percent = (cpu_seconds(process.pid) - before) / _IDLE_SECONDS * 100
        memory = resident_mb(process.pid)
    tell(f"An idle agent, signed in, {name}", percent, "% CPU", floor=_CPU_LIMIT, of="the limit")
    tell("  its memory", memory, "MB", floor=_MEMORY_LIMIT_MB, of="the limit")
    tell("  the same", memory, "MB", floor=bare_mb(), of="a bare interpreter")


def measure_removal(stage: Stage, card: Card, name: str, floor: float, of: str) -> None:
    """Time from the card's removal to the end of the session, its ticket logged out."""
    took = []
    os.environ["SELFRENEW_AGENT_PORT"] = "0"
    with (
        assemble(
            load_configuration(stage.config_file, os.environ),
            reader=stage.direct_reader,
            clock=stage.clock,
        ) as reference,
        reference.agent(AnsweringDialogs()) as agent,
    ):
        came = threading.Condition()

        def notice(_: Situation) -> None:
            with came:
                came.notify_all()

        def wait_for(state: CardState) -> None:
            with came:
                came.wait_for(lambda: agent.state.state is state, 30)

        agent.state.subscribe(notice)
        desktop = threading.Thread(target=agent.run)
        desktop.start()
        for _ in range(_REMOVALS):
            wait_for(CardState.NO_CARD)
            stage.reader.insert(card)
            wait_for(CardState.SIGNED_IN)
            start = time.perf_counter()
            stage.reader.remove()
            wait_for(CardState.NO_CARD)
            took.append((time.perf_counter() - start) * 1e3)
        agent.stop()
        desktop.join()
    tell(f"Removal, session ended, {name}", statistics.median(took), "ms", floor=floor, of=of)
    tell("  the slowest", max(took), "ms", floor=floor, of=of)


def main() -> None:
    """Measure."""
    with ExitStack() as stack:
        if "--pcsc" in sys.argv:
            from selfrenew_emulator.reader import PrivatePcscd  # noqa: PLC0415  beside it only

            pcscd = stack.enter_context(PrivatePcscd())
            stage: Stage = stack.enter_context(PcscStage(pcscd))
            card = stage.make_card(stage.make_person())
            stage.reader.insert(card)
            measure_idle(stage, "PC/SC")
            stage.reader.remove()
            measure_removal(stage, card, "PC/SC", _POLL_MS, "one poll of pcscd")
            return
        stage = stack.enter_context(EmbeddedStage())
        card = stage.make_card(stage.make_person())
        stage.write_card(stage.folder.card_file, card)
        measure_idle(stage, "image")
        measure_removal(stage, card, "embedded", _REMOVAL_LIMIT_MS, "the limit")


if __name__ == "__main__":
    main()
