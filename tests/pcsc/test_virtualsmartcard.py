# SPDX-License-Identifier: Apache-2.0
"""virtualsmartcard: its VirtualICC carries our card, and its own card is none of ours."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfrenew.config.pcsc_reader import open_pcsc_reader
from selfrenew.transport.pcsc import NoSuchCardError, PcscReader
from selfrenew_emulator.card import Card, CardImage
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader

from .conftest import Run

# Where Debian's package puts it, which no interpreter looks for by itself.
PACKAGE = "/usr/lib/python3/site-packages/virtualsmartcard"
SELECT = bytes.fromhex("00A4040009A00000030800001000")


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(  # noqa: S603  a program under test
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": PACKAGE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def foreign_card(port: int) -> Iterator[None]:
    program = shutil.which("vicc")
    assert program is not None, "vicc is not installed"
    with running(program, "--type", "iso7816", "--hostname", "127.0.0.1", "--port", str(port)):
        yield


def test_virtual_icc_carries_our_card(
    slots: list[VpcdReader[LinkedCard]],
    blank_card: Card,
    pcscd: PrivatePcscd,
    tmp_path: Path,
    run: Run,
) -> None:
    image = tmp_path / "a.card"
    CardImage.create(image, blank_card.state)
    script = Path(__file__).with_name("virtual_icc.py")
    with running(str(script), str(pcscd.ports[0]), str(image)):
        reader = PcscReader(slots[0].name)
        assert reader.wait_for_card(20)
        connection = reader.connect()
        assert connection.atr == blank_card.atr
        assert connection.transmit(SELECT).endswith(b"\x90\x00")
        connection.reset()
        assert connection.transmit(bytes.fromhex("00200080")) == b"\x63\xc3"
        connection.close()
        told = run("opensc-tool", "--reader", slots[0].name, "--name")
        assert told.stdout.strip() == "Personal Identity Verification Card"


def test_its_own_card_is_left_alone(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, pcscd: PrivatePcscd
) -> None:
    with foreign_card(pcscd.ports[0]):
        assert PcscReader(slots[0].name).wait_for_card(20)
        finder = open_pcsc_reader("", Path())
        with pytest.raises(NoSuchCardError):
            finder.connect()
        slots[1].insert(blank_card)
        opened = finder.connect()
        assert opened.reader == slots[1].name
        opened.close()
