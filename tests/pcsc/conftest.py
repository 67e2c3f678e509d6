# SPDX-License-Identifier: Apache-2.0
"""Tests through pcscd: run with --stage pcsc, in one private pcscd a process."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfrenew_emulator.card import Card
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

PIN, PUK, MANAGEMENT_KEY = b"123456", b"12345678", bytes(range(24))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    del collection_path
    return None if config.getoption("--stage") == "pcsc" else True


@pytest.fixture
def blank_card() -> Card:
    return Card.blank(pin=PIN, puk=PUK, management_key=MANAGEMENT_KEY, randomness=seeded(1))


@pytest.fixture
def slots(pcscd: PrivatePcscd) -> Iterator[list[VpcdReader[LinkedCard]]]:
    """Both slots of the process's pcscd, empty before and after."""
    os.environ[SOCKET_VARIABLE] = str(pcscd.socket_file)
    slots = [pcscd.reader(0), pcscd.reader(1)]
    yield slots
    for slot in slots:
        slot.close()


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(pcscd: PrivatePcscd) -> Run:
    """Run an outside program against the process's pcscd; it has 60 seconds."""
    environment = {**os.environ, SOCKET_VARIABLE: str(pcscd.socket_file), "LC_ALL": "C.UTF-8"}

    def run_program(
        *command: str | Path, stdin: str = "", **variables: str
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
            env={**environment, **variables},
        )

    return run_program
