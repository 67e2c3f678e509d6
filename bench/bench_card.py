# SPDX-License-Identifier: Apache-2.0
"""How fast a card answers, beside a plain call, and its image beside a plain file."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import median_ms, tell

from selfrenew_emulator.card import Card, CardImage
from selfrenew_emulator.randomness import seeded

_SELECT = bytes.fromhex("00A4040005A00000030800")
_STATUS = bytes.fromhex("00200080")
_BATCH = 2_000


def nothing(command: bytes) -> bytes:
    """Answer as the smallest card could."""
    return command[:0] + b"\x90\x00"


def batch_ms(answer: Callable[[bytes], bytes], command: bytes) -> float:
    """Time one command out of a batch, in ms."""

    def send_all() -> None:
        for _ in range(_BATCH):
            answer(command)

    return median_ms(send_all, 15) / _BATCH


def main() -> None:
    """Measure."""
    card = Card.blank(
        pin=b"123456", puk=b"12345678", management_key=bytes(24), randomness=seeded(0)
    )
    card.power_on()
    floor = batch_ms(nothing, _SELECT) * 1e3
    for name, command in (("SELECT", _SELECT), ("VERIFY, asking for the tries", _STATUS)):
        took = batch_ms(card.transmit, command) * 1e3
        tell(name, took, "us", floor=floor, of="a call")
    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder, "a.card"), Path(folder, "plain")
        CardImage.create(path, card.state)
        content = path.read_bytes()
        image = CardImage.open(path)

        def write_plain() -> None:
            with plain.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

        write = median_ms(write_plain, 50)
        tell(
            "Saving a card image",
            median_ms(lambda: image.save(card.state), 50),
            "ms",
            floor=write,
            of="a synced write",
        )
        image.close()
        read = median_ms(plain.read_bytes, 50)
        tell(
            "Opening a card image",
            median_ms(lambda: CardImage.open(path).close(), 50),
            "ms",
            floor=read,
            of="reading a file",
        )


if __name__ == "__main__":
    main()
