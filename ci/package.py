# SPDX-License-Identifier: Apache-2.0
"""Build sdist and wheel, twice and the same each time; then use the wheel with nothing else."""

import hashlib
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_EPOCH = "1700000000"
_PROGRAMS = (
    ("selfrenew", "--help"),
    ("selfrenew", "--version"),
    ("selfrenew-emulator", "--help"),
)
_USE = """
import selfrenew, selfrenew_emulator
from selfrenew.config import assemble, load_configuration
from selfrenew.secret import Secret
from selfrenew_emulator.stage import EmbeddedStage
with EmbeddedStage() as stage:
    stage.reader.insert(stage.make_card(stage.make_person()))
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        assert len(reference.renewal(Secret("123456")).run().new) == 2
"""


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(  # noqa: S603  our own commands
        [str(part) for part in command], check=True, cwd=cwd, env={**os.environ, **variables}
    )


def build(folder: Path) -> dict[str, str]:
    """Build into a folder; return each file's hash by its name."""
    run(sys.executable, "-m", "build", "--outdir", folder, SOURCE_DATE_EPOCH=_EPOCH)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def check_contents(folder: Path) -> Path:
    """Check what is in sdist and wheel; return the wheel."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    allowed = ("selfrenew/", "selfrenew_emulator/", "smartcard_selfrenew-")
    strangers = [name for name in names if not name.startswith(allowed)]
    missing = {"selfrenew/py.typed", "selfrenew_emulator/py.typed"} - set(names)
    if strangers or missing:
        sys.exit(f"{wheel.name}: strangers {strangers}, missing {sorted(missing)}")
    with tarfile.open(sdist) as archive:
        if not any(name.endswith("/LICENSE") for name in archive.getnames()):
            sys.exit(f"{sdist.name} has no licence")
    return wheel


def use(wheel: Path, folder: Path) -> None:
    """Install the wheel into an environment of its own and use it there."""
    venv.create(folder, with_pip=True)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--only-binary", ":all:", wheel)
    for program, argument in _PROGRAMS:
        run(binaries / program, argument, cwd=folder)
    run(python, "-W", "error", "-c", _USE, cwd=folder)


def main(folder: Path) -> None:
    """Do it all in a folder."""
    first, second = (build(folder / name) for name in ("first", "second"))
    if first != second:
        sys.exit(f"two builds differ: {first} and {second}")
    use(check_contents(folder / "first"), folder / "environment")
    print("\n".join(f"{digest}  {name}" for name, digest in first.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
