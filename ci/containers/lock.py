# SPDX-License-Identifier: Apache-2.0
"""Pin what the images are made of, by version and hash: lock.py [--upgrade]. Needs pip-tools.

The runner's file is the services' and what tests need besides, so that both have the same versions.
"""

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
_PROJECT = HERE.parent.parent / "pyproject.toml"
_SERVICES_EXTRAS = ("portal",)
_RUNNER_EXTRAS = ("containers", "pcsc", "portal")
_RUNNER_GROUPS = ("test",)
_HEAD = "# Written by ci/containers/lock.py from pyproject.toml.\n"


def requirements(extras: Iterable[str], groups: Iterable[str] = ()) -> list[str]:
    """List what the project asks for, with what installs it in an image."""
    raw = tomllib.loads(_PROJECT.read_text("utf-8"))
    project = raw["project"]
    found = ["pip", *project["dependencies"]]
    for extra in extras:
        found += project["optional-dependencies"][extra]
    for group in groups:
        found += raw["dependency-groups"][group]
    return found


def lock(target: Path, wanted: Sequence[str], options: Sequence[str]) -> None:
    """Write a file of pins; those it has stay where nothing asks for others."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join(wanted) + "\n", "utf-8")
        command = ("pip-compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate")
        emitted = ("--strip-extras", "--no-emit-index-url", "--no-emit-find-links")
        subprocess.run(  # noqa: S603  pip-tools, of whoever maintains this
            [*command, *emitted, "--allow-unsafe", *options, f"--output-file={target}", source],
            check=True,
        )
    target.write_text(_HEAD + target.read_text("utf-8").removeprefix(_HEAD), "utf-8")


def main(options: Sequence[str]) -> None:
    """Write both files."""
    services, runner = HERE / "requirements.txt", HERE / "requirements-runner.txt"
    lock(services, requirements(_SERVICES_EXTRAS), options)
    pins = [f"-c {services}"]
    lock(runner, [*requirements(_RUNNER_EXTRAS, _RUNNER_GROUPS), *pins], options)


if __name__ == "__main__":
    main(sys.argv[1:])
