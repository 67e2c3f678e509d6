# SPDX-License-Identifier: Apache-2.0
"""Other programs' conversations with a card in a PC/SC reader: recorded by a relay, and replayed.

The card that the relay uses through PC/SC is an emulated one in a reader of this process.
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card
from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE
from selfrenew_emulator.trace import EventKind, read_trace, to_lines

from .conftest import YKMAN, Insert, Run, until, ykman_variables
from .issued_card import PIN, four_keys

pytestmark = pytest.mark.interop

EMULATOR = Path(sys.executable).with_name("selfrenew-emulator")


def record(
    run: Run, file: Path, reader: str, *program: str | Path
) -> "subprocess.CompletedProcess[str]":
    return run(EMULATOR, "trace", "record", file, "--reader", reader, "--", *program)


def replay(run: Run, file: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return run(EMULATOR, "trace", "replay", file, *arguments)


def test_opensc_sees_in_a_trace_the_card_that_it_saw(
    insert: Insert, slots: list[VpcdReader[LinkedCard]], run: Run, tmp_path: Path
) -> None:
    insert(four_keys(Algorithm.P256))
    file = tmp_path / "desk.trace"
    listing = ("pkcs15-tool", "--list-certificates")
    recorded = record(run, file, slots[0].name, *listing)
    assert recorded.returncode == 0, recorded.stderr
    assert "Certificate for PIV Authentication" in recorded.stdout
    slots[0].remove()
    replayed = replay(run, file, "--", *listing)
    assert (replayed.returncode, replayed.stdout) == (0, recorded.stdout)
    differs = replay(run, file, "--", "opensc-tool", "--send-apdu", "00:FD:00:00")
    assert differs.returncode == ExitCode.DIVERGED
    assert " of " + str(file) in differs.stderr.splitlines()[-1]


def test_a_passcode_given_to_another_program_is_not_in_the_trace(
    insert: Insert, slots: list[VpcdReader[LinkedCard]], run: Run, tmp_path: Path
) -> None:
    insert(four_keys(Algorithm.P256))
    file = tmp_path / "desk.trace"
    recorded = record(run, file, slots[0].name, "pkcs15-tool", "--verify-pin", "--pin", PIN)
    assert recorded.returncode == 0, recorded.stderr
    content = file.read_text()
    assert f"0020008008{'**' * 8}" in content
    padded = PIN.encode().ljust(8, b"\xff").hex().upper()
    assert padded[:12] not in content
    assert PIN not in content


def test_ykman_is_recorded_and_replayed(
    yubikey: Card, slots: list[VpcdReader[LinkedCard]], run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "desk.trace"
    variables = [f"{name}={value}" for name, value in ykman_variables(tmp_path).items()]
    information = ("env", *variables, YKMAN, "--reader", slots[0].name, "piv", "info")
    recorded = record(run, file, slots[0].name, *information)
    assert recorded.returncode == 0, recorded.stderr
    assert "PIV version:" in recorded.stdout
    slots[0].remove()
    replayed = replay(run, file, "--", *information)
    assert (replayed.returncode, replayed.stdout) == (0, recorded.stdout)
    tolerant = replay(run, file, "--tolerant", "--", *information)
    assert (tolerant.returncode, tolerant.stdout) == (0, recorded.stdout)


def test_a_card_taken_out_of_its_reader_is_out_of_the_relays_and_back_again(
    insert: Insert,
    slots: list[VpcdReader[LinkedCard]],
    run: Run,
    outside: dict[str, str],
    tmp_path: Path,
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    file = tmp_path / "desk.trace"
    with ExitStack() as stack:
        # Another daemon's: two slots of one driver wait for each other.
        other = stack.enter_context(PrivatePcscd(1))
        relay = stack.enter_context(
            subprocess.Popen(  # noqa: S603  the program under test
                [
                    *(EMULATOR, "trace", "record", file, "--reader", slots[0].name),
                    *("--port", str(other.ports[0])),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=outside,
            )
        )
        stack.callback(relay.kill)
        assert relay.stdout is not None
        assert "is in the reader" in relay.stdout.readline()
        there = {SOCKET_VARIABLE: other.socket_file}
        assert run("opensc-tool", "--name", **there).returncode == 0
        slots[0].remove()
        until(
            lambda: "Yes" not in run("opensc-tool", "--list-readers", **there).stdout,
            "the card did not go",
        )
        slots[0].insert(issued.card)
        assert run("opensc-tool", "--wait", "--name", **there).returncode == 0
        relay.terminate()
        assert relay.communicate(timeout=30)[1] == ""
        assert relay.returncode == ExitCode.DONE
    kinds = [event.kind for event in read_trace(file).events]
    assert EventKind.REMOVAL in kinds
    assert EventKind.POWER_UP in kinds[kinds.index(EventKind.REMOVAL) :]
    assert any("GET DATA of the" in line for line in to_lines(read_trace(file)))


def test_a_reader_that_is_not_there_is_one_line(run: Run, pcscd: object, tmp_path: Path) -> None:
    ended = record(run, tmp_path / "desk.trace", "No such reader", "true")
    assert ended.returncode == ExitCode.READER_UNAVAILABLE
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "desk.trace").exists()
