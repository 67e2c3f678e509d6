# SPDX-License-Identifier: Apache-2.0
"""Tests through pcscd: run with --stage pcsc, in one private pcscd a process."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

from . import issued_card
from .cards import factory_fresh
from .issued_card import IssuedCard, issue

PIN, PUK = issued_card.PIN.encode(), issued_card.PUK.encode()
MANAGEMENT_KEY = issued_card.management_key()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    del collection_path
    return None if config.getoption("--stage") == "pcsc" else True


@pytest.fixture
def blank_card() -> Card:
    return Card.blank(pin=PIN, puk=PUK, management_key=MANAGEMENT_KEY, randomness=seeded(1))


@pytest.fixture(autouse=True)
def _let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test left connected: pcscd counts it for the reader, whatever card is in."""
    from selfrenew.transport.pcsc import PcscConnection  # noqa: PLC0415  needs pyscard

    made: list[PcscConnection] = []
    connect = PcscConnection.__init__

    def connect_and_note(connection: PcscConnection, reader: str) -> None:
        connect(connection, reader)
        made.append(connection)

    monkeypatch.setattr(PcscConnection, "__init__", connect_and_note)
    yield
    for connection in made:
        connection.close()


@pytest.fixture
def slots(pcscd: PrivatePcscd) -> Iterator[list[VpcdReader[LinkedCard]]]:
    """Both slots of the process's pcscd, empty before and after."""
    from .seen_reader import SeenReader  # noqa: PLC0415  needs pyscard, as only this stage does

    os.environ[SOCKET_VARIABLE] = str(pcscd.socket_file)
    slots: list[VpcdReader[LinkedCard]] = [
        SeenReader(name, port) for name, port in zip(pcscd.reader_names, pcscd.ports, strict=True)
    ]
    yield slots
    for slot in slots:
        slot.close()


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail with `what` where it does not come true in 30 seconds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


Insert = Callable[..., IssuedCard]


@pytest.fixture
def insert(slots: list[VpcdReader[LinkedCard]]) -> Insert:
    """Make a card with these keys and put it into a slot."""

    def insert_card(
        keys: Mapping[KeyReference, Algorithm],
        slot: int = 0,
        *,
        management: Algorithm = Algorithm.AES192,
    ) -> IssuedCard:
        issued = issue(keys, management=management)
        slots[slot].insert(issued.card)
        return issued

    return insert_card


Run = Callable[..., subprocess.CompletedProcess[str]]
Printed = Callable[..., str]


@pytest.fixture
def outside(pcscd: PrivatePcscd, tmp_path: Path) -> dict[str, str]:
    """The environment of an outside program: our pcscd, and a home of the test's own."""
    return {
        **os.environ,
        SOCKET_VARIABLE: str(pcscd.socket_file),
        "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path),
    }


@pytest.fixture
def run(outside: dict[str, str], tmp_path: Path) -> Run:
    """Run an outside program in `tmp_path` against the process's pcscd; it has 60 seconds.

    It has no terminal, on which it could ask whoever runs the tests.
    """

    def run_program(
        *command: str | Path, stdin: str = "", **variables: str | Path
    ) -> subprocess.CompletedProcess[str]:
        program = shutil.which(str(command[0]))
        assert program is not None, f"{command[0]} is not installed"
        return subprocess.run(  # noqa: S603  the programs under test
            [program, *map(str, command[1:])],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env={**outside, **{name: str(value) for name, value in variables.items()}},
            start_new_session=True,
        )

    return run_program


@pytest.fixture
def printed(run: Run) -> Printed:
    """Run an outside program that has to succeed, and give what it printed to stdout."""

    def run_and_read(*command: str | Path, stdin: str = "", **variables: str | Path) -> str:
        done = run(*command, stdin=stdin, **variables)
        assert done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
        return done.stdout

    return run_and_read


@pytest.fixture(scope="session")
def opensc_module() -> Path:
    """OpenSC's PKCS#11 module."""
    for folder in ("/usr/lib", "/usr/lib64", "/usr/local/lib"):
        for found in sorted(Path(folder).glob("**/opensc-pkcs11.so")):
            return found
    pytest.fail("opensc-pkcs11.so is not installed")


@pytest.fixture
def yubikey(slots: list[VpcdReader[LinkedCard]]) -> Card:
    """A factory-fresh YubiKey in the first reader."""
    card = factory_fresh()
    slots[0].insert(card)
    return card


Program = Callable[..., str]


YKMAN = Path(sys.executable).with_name("ykman")


def ykman_variables(folder: Path) -> dict[str, str]:
    """Keep its files in a folder, and pkill, which frees a card in use, out of its reach."""
    return dict.fromkeys(("PATH", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))


@pytest.fixture
def ykman(slots: list[VpcdReader[LinkedCard]], run: Run, tmp_path: Path) -> Program:
    """Run ykman on the first reader; return all it said, its exit status being as `fails` tells."""

    def run_ykman(*arguments: str | Path, fails: bool = False, stdin: str = "") -> str:
        command = (YKMAN, "--reader", slots[0].name, *arguments)
        done = run(*command, stdin=stdin, **ykman_variables(tmp_path))
        assert done.returncode == int(fails), done.stdout + done.stderr
        return done.stdout + done.stderr

    return run_ykman


@pytest.fixture(params=Personality)
def tdes_card(request: pytest.FixtureRequest, slots: list[VpcdReader[LinkedCard]]) -> Card:
    """A card in the first reader whose management key is yubico-piv-tool's default."""
    card = factory_fresh(request.param, management_algorithm=Algorithm.TDES, allow_tdes=True)
    slots[0].insert(card)
    return card


@pytest.fixture
def piv_tool(slots: list[VpcdReader[LinkedCard]], run: Run) -> Program:
    """Run actions of yubico-piv-tool on the first reader, with options by name; as `ykman`."""

    def run_piv_tool(*actions: str, fails: bool = False, stdin: str = "", **options: Any) -> str:
        named = (f"--{name.replace('_', '-')}={value}" for name, value in options.items())
        chosen = (f"--action={action}" for action in actions)
        done = run("yubico-piv-tool", f"--reader={slots[0].name}", *chosen, *named, stdin=stdin)
        assert done.returncode == int(fails), done.stdout + done.stderr
        return done.stdout + done.stderr

    return run_piv_tool
