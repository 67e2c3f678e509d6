# SPDX-License-Identifier: Apache-2.0
"""How long starting takes: a program's help and a stage, beside a bare interpreter."""

import subprocess
import sys
from functools import partial

from measuring import median_ms, tell

from selfrenew_emulator.stage import EmbeddedStage


def run_python(*arguments: str) -> None:
    """Run the interpreter to its end."""
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own interpreter


def start_stage() -> None:
    """Start a stage and stop it."""
    with EmbeddedStage():
        pass


def main() -> None:
    """Measure."""
    bare = median_ms(lambda: run_python("-c", "pass"), 15)
    for program in ("selfrenew", "selfrenew_emulator"):
        start = f"import sys; from {program}.cli import main; sys.argv[1:] = ['--help']; main()"
        run_help = partial(run_python, "-c", start)
        took = median_ms(run_help, 15)
        tell(f"{program} --help", took, "ms", floor=bare, of="a bare interpreter")
    tell("A stage, modules imported", median_ms(start_stage, 15), "ms", floor=bare, of="the same")


if __name__ == "__main__":
    main()
