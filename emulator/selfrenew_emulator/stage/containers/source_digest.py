# SPDX-License-Identifier: Apache-2.0
"""Names the sources that images are built of, so that a stage never runs older ones unnoticed.

The standard library alone and no import of the packages: the build runs this file itself, with
whatever Python there is.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_UNLIKE = frozenset({"__pycache__", "built"})
"""What running leaves behind, and what the wheel's build makes of other sources."""
_DIGITS = 16


def source_digest(packages: Iterable[Path]) -> str:
    """Digest the files of packages, the same installed as in the source tree."""
    digest = hashlib.sha256()
    for package in sorted(packages, key=lambda path: path.name):
        for file in sorted(_files(package)):
            name = f"{package.name}/{file.relative_to(package).as_posix()}"
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:_DIGITS]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _UNLIKE:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


if __name__ == "__main__":
    print(source_digest(map(Path, sys.argv[1:])))  # noqa: T201  what the build reads
