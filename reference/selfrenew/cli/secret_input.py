# SPDX-License-Identifier: Apache-2.0
"""Where secrets come from: a file, the environment, or a person at the terminal. Never argv."""

import os
import sys
from pathlib import Path

import click

from selfrenew import messages
from selfrenew.secret import Secret

PASSCODE, NEW_PASSCODE, UNLOCK_CODE = (
    "SELFRENEW_PASSCODE",
    "SELFRENEW_NEW_PASSCODE",
    "SELFRENEW_UNLOCK_CODE",
)


def read_passcode(file: Path | None) -> Secret:
    """Read the passcode. Raise click.UsageError."""
    if file is not None:
        return _first_line(file)
    return _given(PASSCODE) or _ask(messages.PASSCODE_PROMPT, f"{PASSCODE} or --passcode-file")


def read_new_passcode() -> Secret:
    """Read the passcode to set, twice from a person. Raise click.UsageError."""
    given = _given(NEW_PASSCODE)
    if given is not None:
        return given
    chosen = _ask(messages.NEW_PASSCODE_PROMPT, NEW_PASSCODE)
    if _ask(messages.REPEAT_PASSCODE_PROMPT, NEW_PASSCODE) != chosen:
        raise click.UsageError(messages.PASSCODES_DIFFER)
    return chosen


def read_unlock_code(*, given: bool) -> Secret | None:
    """Read the code of an unlock, from the environment only if it may be `given` there.

    None where nobody is there to be asked.
    """
    code = _given(UNLOCK_CODE) if given else None
    if code is None and sys.stdin.isatty():
        return _ask(messages.UNLOCK_CODE_PROMPT, UNLOCK_CODE)
    return code


def _given(variable: str) -> Secret | None:
    value = os.environ.get(variable)
    return Secret(value) if value else None


def _ask(prompt: str, otherwise: str) -> Secret:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{prompt}: nobody is at a terminal to be asked. Set {otherwise}.")
    return Secret(click.prompt(prompt, hide_input=True, err=True))


def _first_line(file: Path) -> Secret:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise click.UsageError(
            f"Reading the passcode file {file} failed: {error.strerror}."
        ) from error
    if not lines or not lines[0].strip():
        raise click.UsageError(f"The passcode file {file} is empty.")
    return Secret(lines[0].strip())
