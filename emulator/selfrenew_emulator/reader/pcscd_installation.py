# SPDX-License-Identifier: Apache-2.0
"""The pcscd that is installed, as it tells of itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from .errors import PcscdFailedError, PcscdMissingError, PcscdTooOldError

_OLDEST = (1, 9)
_WITHOUT_POLKIT = "--disable-polkit"


def find_pcscd() -> tuple[str, Path]:
    """Find the installed pcscd, and the folder that its socket is built to lie in.

    Raise PcscdMissingError, PcscdTooOldError or PcscdFailedError.
    """
    program = shutil.which("pcscd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        raise PcscdMissingError("pcscd")
    said = subprocess.run(  # noqa: S603  the program just found
        [program, "--version"], capture_output=True, text=True, check=False
    ).stdout
    version = re.search(r"version (\d+)\.(\d+)(?:\.\d+)?", said)
    if version is None:
        raise PcscdFailedError(f"{program} --version does not tell its version")
    if (int(version[1]), int(version[2])) < _OLDEST:
        raise PcscdTooOldError(version[0].removeprefix("version "), ".".join(map(str, _OLDEST)))
    folder = re.search(r"ipcdir=(\S+)", said)
    return program, Path(folder[1] if folder else "/run/pcscd")


def options_of(program: str) -> list[str]:
    """Give the options for a daemon that whoever reaches its socket may use."""
    said = subprocess.run(  # noqa: S603  the program found before
        [program, "--help"], capture_output=True, text=True, check=False
    ).stdout
    # A daemon of its own has no D-Bus to ask polkit by; an older one knows no such option.
    return [_WITHOUT_POLKIT] if _WITHOUT_POLKIT in said else []
