# SPDX-License-Identifier: Apache-2.0
"""Cards in and out, often: 16 readers at once, pcscd restarted under them, and the link alone."""

import argparse
import gc
import os
import signal
import socket
import threading
import time
from pathlib import Path

from smartcard import scard

from selfrenew.transport.pcsc import PcscReader, list_readers
from selfrenew_emulator.card import Card
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdLink, VpcdReader
from selfrenew_emulator.reader.pcscd import SLOTS_MAX
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

_TRIES = bytes.fromhex("00200080")
_POWER_ON = b"\x00\x01\x01"


def make_card(number: int) -> Card:
    """Make a card that no other is."""
    return Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(number)
    )


def resources() -> tuple[int, float]:
    """Count this process's descriptors and its memory, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return descriptors, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def tell_growth(what: str, before: tuple[int, float]) -> None:
    """Print what is held now beyond what was held before."""
    after = resources()
    print(
        f"{what:<60} descriptors {after[0] - before[0]:+d}, memory {after[1] - before[1]:+.1f} MB"
    )


def ask(reader: VpcdReader[LinkedCard]) -> None:
    """Have the card in a reader answer through PC/SC."""
    connection = PcscReader(reader.name).connect()
    try:
        if connection.transmit(_TRIES) != b"\x63\xc3":
            raise RuntimeError(f"the card in {reader.name} is not itself")
    finally:
        connection.close()


def at_once(readers: list[VpcdReader[LinkedCard]], cards: list[Card]) -> None:
    """Put a card into every reader, ask each, take all out."""
    errors: list[BaseException] = []

    def one(reader: VpcdReader[LinkedCard], card: Card) -> None:
        try:
            reader.insert(card)
            ask(reader)
            reader.remove()
        except BaseException as error:  # noqa: BLE001  told below, by the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=one, args=pair) for pair in zip(readers, cards, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def endure_pcscd(cycles: int) -> None:
    """Cycle cards through 16 readers; kill pcscd half-way."""
    with PrivatePcscd(SLOTS_MAX) as pcscd:
        os.environ[SOCKET_VARIABLE] = str(pcscd.socket_file)
        readers = [pcscd.reader(slot) for slot in range(SLOTS_MAX)]
        cards = [make_card(number) for number in range(SLOTS_MAX)]
        at_once(readers, cards)
        before, start = resources(), time.perf_counter()
        rounds = -(-cycles // SLOTS_MAX)
        for number in range(rounds):
            if number == rounds // 2:
                restart_with_cards(pcscd, readers, cards)
            at_once(readers, cards)
        took = time.perf_counter() - start
        what = f"{rounds * SLOTS_MAX} insertions in {SLOTS_MAX} readers, {took:.0f} s, a restart"
        tell_growth(what, before)


def restart_with_cards(
    pcscd: PrivatePcscd, readers: list[VpcdReader[LinkedCard]], cards: list[Card]
) -> None:
    """Kill the daemon under cards that are in; each has to be there again."""
    for reader, card in zip(readers, cards, strict=True):
        reader.insert(card)
    old = pcscd.pid
    if old is None:
        raise RuntimeError("pcscd is not running")
    os.kill(old, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _back(pcscd, old, readers):
        time.sleep(0.1)
    for reader in readers:
        ask(reader)
        reader.remove()


def _back(pcscd: PrivatePcscd, old: int, readers: list[VpcdReader[LinkedCard]]) -> bool:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS or pcscd.pid in {old, None}:
        return False
    scard.SCardReleaseContext(context)
    return set(list_readers()) >= {reader.name for reader in readers} and all(
        PcscReader(reader.name).card_present for reader in readers
    )


def endure_link(cycles: int) -> None:
    """Cycle a card on the link alone, against a driver that powers it at once."""
    # The threads take turns: on one core, since to wake one on another costs as much as a cycle.
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    listener = socket.create_server(("127.0.0.1", 0))

    def drive() -> None:
        while True:
            try:
                card, _ = listener.accept()
            except OSError:
                return
            with card:
                card.sendall(_POWER_ON)
                card.recv(1)

    threading.Thread(target=drive, daemon=True).start()
    port, card = listener.getsockname()[1], make_card(0)

    def cycle(times: int) -> None:
        for _ in range(times):
            link = VpcdLink(card, port)
            link.start()
            link.close()

    cycle(1_000)
    before, start = resources(), time.perf_counter()
    cycle(cycles)
    took = time.perf_counter() - start
    tell_growth(f"{cycles} insertions on the link alone, {took:.0f} s", before)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    os.sched_setaffinity(0, cores)


def main() -> None:
    """Endure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=500, help="insertions through pcscd")
    parser.add_argument("--link-cycles", type=int, default=100_000, help="on the link alone")
    wanted = parser.parse_args()
    endure_link(wanted.link_cycles)
    endure_pcscd(wanted.cycles)


if __name__ == "__main__":
    main()
