# SPDX-License-Identifier: Apache-2.0
"""Build the portal's style sheet out of what package-lock.json names: frontend/build.py FOLDER.

What is written into the folder is the same for the same lock, whoever builds it.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FRONTEND = Path(__file__).parent
LICENCE = "LICENCE-nhsuk-frontend.txt"
STYLE = "nhsuk.css"
_SOURCES = ("package.json", "package-lock.json", ".npmrc", "nhsuk.scss")


class BuildError(Exception):
    """The style sheet was not built."""


def install(folder: Path, *options: str) -> None:
    """Install what the lock names into a folder that has it. Raise BuildError."""
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("There is no npm, which brings the page's style sheet: install Node.js.")
    # Sass watches files by native programs, which are optional and of no use here.
    _run([npm, "ci", "--no-progress", "--omit=optional", *options], folder)


def build(out: Path) -> None:
    """Write style sheet and licence into a folder. Raise BuildError."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for source in _SOURCES:
            shutil.copyfile(FRONTEND / source, work / source)
        install(work, "--omit=dev")
        _compile(work, out)


def _compile(work: Path, out: Path) -> None:
    """Compile the style sheet by what is installed in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    sass = (shutil.which("node") or "node", "node_modules/sass/sass.js")
    options = ("--style=compressed", "--no-source-map", "--load-path=node_modules")
    _run([*sass, *options, "nhsuk.scss", str(out.absolute() / STYLE)], work)
    shutil.copyfile(FRONTEND / LICENCE, out / LICENCE)


def _run(command: list[str], folder: Path) -> None:
    # What is printed goes to standard error: standard output belongs to who builds.
    done = subprocess.run(  # noqa: S603  our own commands
        command, cwd=folder, stdout=sys.stderr, check=False
    )
    if done.returncode:
        raise BuildError(f"'{' '.join(command)}' failed in {folder} ({done.returncode}).")


def main() -> None:
    """Build for a source tree: the style sheet, and beside it what the page is tested with.

    What was built of the same sources stays.
    """
    out, built_of = Path(sys.argv[1]), FRONTEND / "node_modules" / ".built-of"
    sources = hashlib.sha256(str(out.absolute()).encode())
    for source in (Path(__file__).name, LICENCE, *_SOURCES):
        sources.update((FRONTEND / source).read_bytes())
    key = sources.hexdigest()
    there = all(path.exists() for path in (out / STYLE, out / LICENCE, built_of))
    if there and built_of.read_text("ascii") == key:
        return
    built_of.unlink(missing_ok=True)
    try:
        install(FRONTEND)
        _compile(FRONTEND, out)
    except BuildError as error:
        sys.exit(f"frontend/build.py: {error}")
    built_of.write_text(key, "ascii")


if __name__ == "__main__":
    main()
