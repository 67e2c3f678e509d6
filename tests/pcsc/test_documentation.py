# SPDX-License-Identifier: Apache-2.0
"""docs/smartcard-in-ci.md: what it shows is run as a reader would run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from selfrenew_emulator.reader import PcscdMissingError

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "smartcard-in-ci.md").read_text()
# What a reader has: the programs of this environment, and neither its variables nor its CI.
ENVIRONMENT = {
    **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "CI": "true",
}


def shown(marker: str, language: str) -> str:
    found = re.search(
        rf"<!-- {marker}: runs as a test -->\n```{language}\n(.*?)```", TEXT, re.DOTALL
    )
    assert found is not None
    return found[1]


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  what the document shows
        command,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_pytest_example_passes_for_a_project_of_its_own(tmp_path: Path) -> None:
    example = tmp_path / "test_example.py"
    example.write_text(shown("pytest", "python"))
    assert len(example.read_text().split("def ")[1].strip().splitlines()) == 3
    ended = run(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


def test_the_shell_recipe_does_what_it_says(tmp_path: Path) -> None:
    ended = run(tmp_path, "bash", "-euo", "pipefail", "-c", shown("recipe", "sh"))
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"Yes +selfrenew 00 00\n.*Yes +selfrenew 00 01\n", ended.stdout)
    assert "Personal Identity Verification Card\n" in ended.stdout
    assert "Verified OK\n" in ended.stdout
    assert ended.stdout.count("ecdsa-sha2-nistp256 ") == 4
    assert re.search(r"PIV version: +5\.7\.", ended.stdout)


def test_it_installs_what_a_private_pcscd_asks_for() -> None:
    asked = str(PcscdMissingError("pcscd")).partition("apt install ")[2].split()
    assert asked == ["pcscd", "vsmartcard-vpcd", "util-linux"]
    installs = re.findall(r"^sudo apt-get install --yes (.*)$", TEXT, re.MULTILINE)
    assert installs
    assert all(line.startswith("pcscd vsmartcard-vpcd") for line in installs)


def test_it_gives_the_remedy_of_each_error_by_the_words_that_are_printed() -> None:
    errors = (ROOT / "emulator/selfrenew_emulator/reader/errors.py").read_text()
    errors += (ROOT / "emulator/selfrenew_emulator/card/image.py").read_text()
    said = re.findall(r"^\| `(.+?)` \|", TEXT, re.MULTILINE)
    assert len(said) > 5
    for text in said:
        for part in text.split("…"):
            assert part.strip() in " ".join(errors.split())
