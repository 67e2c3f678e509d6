# SPDX-License-Identifier: Apache-2.0
"""How much memory a running stage takes, and each further card in it."""

from pathlib import Path

from measuring import tell

_CARDS = 200


def resident_kb() -> float:
    """Return this process's resident memory in kB; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    raise LookupError("the kernel tells no VmRSS")


def main() -> None:
    """Measure."""
    bare = resident_kb()
    from selfrenew_emulator.stage import EmbeddedStage  # noqa: PLC0415  the floor comes first

    imported = resident_kb()
    with EmbeddedStage() as stage:
        stage.make_card(stage.make_person())
        running = resident_kb()
        cards = [stage.make_card(stage.make_person()) for _ in range(_CARDS)]
        each = (resident_kb() - running) / len(cards)
    tell("A running stage", running / 1e3, "MB", floor=bare / 1e3, of="a bare interpreter")
    tell("  of it modules", imported / 1e3, "MB", floor=bare / 1e3, of="a bare interpreter")
    image_kb = sum(len(repr(card.state)) for card in cards) / len(cards) / 1e3
    tell(f"Each further card, mean of {_CARDS}", each, "kB", floor=image_kb, of="its state")


if __name__ == "__main__":
    main()
