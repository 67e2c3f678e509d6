# SPDX-License-Identifier: Apache-2.0
"""How fast a card answers through pcscd, beside a constant answer over the same link and vicc."""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench_card import sign_alone, sign_command
from measuring import median_ms, tell

from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.transport.pcsc import PcscReader
from selfrenew_emulator.card import Card, generate
from selfrenew_emulator.card.keys import store_key
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

_SELECT = bytes.fromhex("00A4040009A0000003080000100000")
_DISCOVERY = bytes.fromhex("00CB3FFF035C017E00")
_MASTER_FILE = bytes.fromhex("00A4000C023F00")
# Where Debian's package puts it, which no interpreter looks for by itself.
_VIRTUALSMARTCARD = "/usr/lib/python3/site-packages/virtualsmartcard"
_TIMES = 3_000


class ConstantCard:
    """Answers each command with the same bytes, as fast as anything behind this link can."""

    def __init__(self, atr: bytes, answer: bytes) -> None:
        self.atr = atr
        self._answer = answer

    def power_on(self) -> bytes:
        """Take power."""
        return self.atr

    def power_off(self) -> None:
        """Lose it."""

    def reset(self) -> None:
        """Forget nothing, knowing nothing."""

    def transmit(self, command: bytes) -> bytes:
        """Answer."""
        del command
        return self._answer


@contextmanager
def inserted(
    pcscd: PrivatePcscd, card: LinkedCard, slot: int = 0
) -> Iterator[Callable[[bytes], bytes]]:
    """Put a card in; give the way to send it commands through PC/SC."""
    reader = pcscd.reader(slot)
    reader.insert(card)
    connection = PcscReader(reader.name).connect()
    try:
        yield connection.transmit
    finally:
        connection.close()
        reader.close()


def take_turns(
    transmits: Sequence[Callable[[bytes], bytes]], commands: Sequence[bytes], times: int
) -> list[float]:
    """Time each command on its card, in microseconds; the medians.

    The cards take turns with each command, so that what else the machine does falls on all.
    """
    took: list[list[float]] = [[] for _ in transmits]
    for transmit, command in zip(transmits, commands, strict=True):
        if transmit(command)[-2:] != b"\x90\x00":
            raise RuntimeError(f"the card does not answer {command.hex()}")
    for _ in range(times):
        for index, transmit in enumerate(transmits):
            start = time.perf_counter()
            transmit(commands[index])
            took[index].append((time.perf_counter() - start) * 1e6)
    return [statistics.median(each) for each in took]


def beside_constant(
    pcscd: PrivatePcscd, card: Card, command: bytes, times: int = _TIMES
) -> list[float]:
    """Time a command, and its very answer given by a constant card in the slot beside it."""
    constant = ConstantCard(card.atr, card.transmit(command))
    with inserted(pcscd, card) as ours, inserted(pcscd, constant, slot=1) as floor:
        return take_turns([ours, floor], [command, command], times)


def measure_cheap(pcscd: PrivatePcscd, card: Card, name: str, command: bytes) -> None:
    """Time a command beside a constant answer."""
    took, floor = beside_constant(pcscd, card, command)
    tell(f"{name} through pcscd", took, "us", floor=floor, of="a constant answer")


def measure_signature(pcscd: PrivatePcscd, card: Card) -> None:
    """Time an RSA-2048 signature; its floor is OpenSSL's and the link's time together."""
    key = generate(Algorithm.RSA2048)
    card.store.put_key(KeyReference.CARD_AUTHENTICATION, store_key(Algorithm.RSA2048, key))
    card.store.commit()
    alone = median_ms(sign_alone(key), 300) * 1e3
    took, link = beside_constant(pcscd, card, sign_command(Algorithm.RSA2048), 300)
    name = "A signature, RSA2048, through pcscd"
    tell(name, took, "us", floor=alone + link, of="OpenSSL and the link")


def measure_vicc(pcscd: PrivatePcscd, card: Card) -> None:
    """Time vsmartcard's own card beside ours, as it comes; the slot is the second one."""
    program = shutil.which("vicc")
    if program is None:
        print("vicc is not installed (Debian: vsmartcard-vpicc); no peer to measure")
        return
    command = [sys.executable, program, "--type", "iso7816", "--hostname", "127.0.0.1"]
    with subprocess.Popen(  # noqa: S603  the peer
        [*command, "--port", str(pcscd.ports[1])],
        env={**os.environ, "PYTHONPATH": _VIRTUALSMARTCARD},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as peer:
        try:
            reader = PcscReader(pcscd.reader_names[1])
            if not reader.wait_for_card(15):
                print("vicc did not come up; no peer to measure")
                return
            connection = reader.connect()
            with inserted(pcscd, card) as transmit:
                ours, theirs = take_turns(
                    [transmit, connection.transmit], [_SELECT, _MASTER_FILE], 300
                )
            connection.close()
        finally:
            peer.send_signal(signal.SIGKILL)
    tell("vicc (iso7816), SELECT of the master file", theirs, "us", floor=ours, of="ours")


def main() -> None:
    """Measure."""
    card = Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(0)
    )
    with PrivatePcscd() as pcscd:
        os.environ[SOCKET_VARIABLE] = str(pcscd.socket_file)
        measure_cheap(pcscd, card, "SELECT", _SELECT)
        measure_cheap(pcscd, card, "GET DATA 7E", _DISCOVERY)
        measure_signature(pcscd, card)
        measure_vicc(pcscd, card)


if __name__ == "__main__":
    main()
