# SPDX-License-Identifier: Apache-2.0
"""Fuzz the card: `python -m tests.fuzz --seconds 60`, or `--guided` by coverage (atheris).

Prints how many commands were answered, and of a failure the seed and every command before it.
"""

import argparse
import sys
import time
from collections.abc import Callable

_MOVES = 60
_GUIDED_BYTES = 4_096


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", default="1", help="what repeats a run (default: 1)")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--guided", action="store_true", help="let coverage choose (atheris)")
    options = parser.parse_args()
    (_guided if options.guided else _seeded)(options.seed, options.seconds)


def _seeded(seed: str, seconds: float) -> None:
    from .choices import SeededChoices  # noqa: PLC0415  after atheris, where it instruments
    from .moves import play  # noqa: PLC0415
    from .world import KINDS, Tally, World  # noqa: PLC0415

    tally = Tally()
    report = _reporter(tally)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name = f"{seed}/{tally.cards}"
        kind = KINDS[tally.cards % len(KINDS)]
        try:
            play(World(kind, name, tally), SeededChoices(name), _MOVES)
        except BaseException:
            print(f"card {name} of kind {kind}", file=sys.stderr)  # noqa: T201
            raise
    report()


def _guided(seed: str, seconds: float) -> None:
    import atheris  # noqa: PLC0415  an optional group has it

    with atheris.instrument_imports(include=["selfrenew.iso7816", "selfrenew_emulator.card"]):
        from .choices import GivenChoices  # noqa: PLC0415
        from .moves import play  # noqa: PLC0415
        from .world import KINDS, Tally, World  # noqa: PLC0415

    tally = Tally()
    report = _reporter(tally)
    begun = time.monotonic()
    told = begun

    def one_input(raw: bytes) -> None:
        nonlocal told
        choices = GivenChoices(raw)
        play(World(KINDS[choices.number(len(KINDS))], "guided", tally), choices, _MOVES)
        # The fuzzer ends the process itself, so what it did is told along the way.
        now = time.monotonic()
        if now - told > 10 or now - begun > seconds - 3 > told - begun:
            told = now
            report()

    number = int(seed) if seed.isdigit() else 1
    limits = [f"-max_total_time={int(seconds)}", f"-max_len={_GUIDED_BYTES}", f"-seed={number}"]
    atheris.Setup([sys.argv[0], *limits], one_input)
    atheris.Fuzz()


def _reporter(tally: object) -> Callable[[], None]:
    def report() -> None:
        statuses = sorted(tally.statuses.items(), key=lambda each: -each[1])
        common = ", ".join(f"{sw} {count}" for sw, count in statuses[:12])
        print(  # noqa: T201
            f"{tally.commands} commands to {tally.cards} cards, no rule broken; "
            f"slowest {tally.slowest_seconds * 1e3:.0f} ms; {common}",
            flush=True,
        )

    return report


if __name__ == "__main__":
    main()
