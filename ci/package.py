# SPDX-License-Identifier: Apache-2.0
"""Build sdist and wheel, twice and the same each time; then use the wheel with nothing else.

What is used are the programs, a whole renewal, and the projects of docs/examples: without any
extra, and then with them. Where pcscd is missing, what needs it is skipped; where CI is set it
fails.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
_EPOCH = "1700000000"
_PROGRAMS = (
    ("selfrenew", "--help"),
    ("selfrenew", "--version"),
    ("selfrenew-emulator", "--help"),
)
_NEEDED = {
    "selfrenew/py.typed",
    "selfrenew/portal/built/LICENCE-nhsuk-frontend.txt",
    "selfrenew/portal/built/nhsuk.css",
    "selfrenew/portal/static/page.js",
    "selfrenew/portal/templates/service.html",
    "selfrenew_emulator/py.typed",
    "selfrenew_emulator/pytest_plugin/__init__.py",
    "selfrenew_steps/__init__.py",
}
# What an sdist needs so that the wheel can be built of it.
_SOURCES = ("LICENSE", "pyproject.toml", "hatch_build.py", "frontend/package-lock.json")
_PROJECTS = ("pytest_project", "cmp_client", "card_trace")
_PROJECTS_OF_EXTRAS = ("bdd_project",)
_OTHER_LANGUAGES = ("java_card",)
_USE = """
import selfrenew, selfrenew_emulator
from selfrenew.config import assemble, load_configuration
from selfrenew.secret import Secret
from selfrenew_emulator.stage import EmbeddedStage
with EmbeddedStage() as stage:
    stage.reader.insert(stage.make_card(stage.make_person()))
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        assert len(reference.renew(Secret("123456")).new) == 2
"""
_USE_PORTAL = """
from selfrenew.portal import load_assets, load_table
assert load_assets().address("nhsuk.css").endswith("/nhsuk.css")
assert load_table("modern").supported
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
    allowed = ("selfrenew/", "selfrenew_emulator/", "selfrenew_steps/", "smartcard_selfrenew-")
    strangers = [name for name in names if not name.startswith(allowed)]
    missing = _NEEDED - set(names)
    if strangers or missing:
        sys.exit(f"{wheel.name}: strangers {strangers}, missing {sorted(missing)}")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    if lacking := [name for name in _SOURCES if name not in packed]:
        sys.exit(f"{sdist.name} has no {', '.join(lacking)}")
    return wheel


def environment(folder: Path) -> Path:
    """Make an environment with pytest and nothing else; return its programs' folder."""
    venv.create(folder, with_pip=True)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    install(binaries, "pytest>=8.3,<10")
    return binaries


def install(binaries: Path, *packages: str | Path, source: tuple[str, ...] = ()) -> None:
    """Install packages, none of them built from source but those that are named."""
    pip = (binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    built = [f"--no-binary={name}" for name in source]
    run(*pip, "--only-binary=:all:", *built, *packages)


def use(wheel: Path, binaries: Path, folder: Path) -> None:
    """Use the wheel alone, then with the extras."""
    python = binaries / "python"
    install(binaries, wheel)
    for program, argument in _PROGRAMS:
        run(binaries / program, argument, cwd=folder)
    run(python, "-W", "error", "-c", _USE, cwd=folder)
    for name in _PROJECTS:
        run_example(python, name, folder)
    install(binaries, f"{wheel}[portal,bdd]")
    run(python, "-W", "error", "-c", _USE_PORTAL, cwd=folder)
    for name in _PROJECTS_OF_EXTRAS:
        run_example(python, name, folder)
    try:
        install(binaries, f"{wheel}[pcsc]", source=("pyscard",))
    except subprocess.CalledProcessError:
        if os.environ.get("CI"):
            raise
        print("The extra pcsc was not tried: pyscard is not to be built here. See ci/pcsc.")
        return
    run_example(python, "pytest_project", folder, "test_pcsc.py")


def run_example(python: Path, name: str, folder: Path, *arguments: str) -> None:
    """Run an example's tests on a copy, out of reach of the source tree."""
    copy = folder / name
    shutil.copytree(EXAMPLES / name, copy, dirs_exist_ok=True)
    run(python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *arguments, cwd=copy)


def check_examples() -> None:
    """Check that each example is one that is used here, or by tests through PC/SC."""
    found = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    if found != {*_PROJECTS, *_PROJECTS_OF_EXTRAS, *_OTHER_LANGUAGES}:
        sys.exit(f"{EXAMPLES}: {sorted(found)} are not the examples that are known here")


def main(folder: Path) -> None:
    """Do it all in a folder."""
    check_examples()
    used = folder / "use"
    used.mkdir(parents=True)
    with ThreadPoolExecutor() as pool:
        # The environment waits for the network where the builds wait for the processor.
        ready = pool.submit(environment, folder / "environment")
        builds = [pool.submit(build, folder / name) for name in ("first", "second")]
        first, second = (each.result() for each in builds)
        if first != second:
            sys.exit(f"two builds differ: {first} and {second}")
        use(check_contents(folder / "first"), ready.result(), used)
    print("\n".join(f"{digest}  {name}" for name, digest in first.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
