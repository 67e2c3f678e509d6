# SPDX-License-Identifier: Apache-2.0
"""Cut pins apart: split_pins.py PINS KNOWN NAME...

What PINS has beyond KNOWN goes to standard output, but for the names given, which go to standard
error.
"""

import sys
from pathlib import Path


def entries(file: Path) -> dict[str, str]:
    """Read a file of pins: each requirement's text with its hashes, by its name."""
    found: dict[str, str] = {}
    name = ""
    for line in file.read_text("utf-8").splitlines(keepends=True):
        if line.startswith("#") or not line.strip():
            continue
        if not line[0].isspace():
            name = line.split("==")[0]
        found[name] = found.get(name, "") + line
    return found


def main(pins: str, known: str, *apart: str) -> None:
    """Write each entry where it belongs."""
    there = entries(Path(known))
    for name, text in entries(Path(pins)).items():
        if name not in there:
            (sys.stderr if name in apart else sys.stdout).write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
