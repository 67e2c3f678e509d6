# SPDX-License-Identifier: Apache-2.0
"""Where secrets come from: a file, the environment, or a prompt; never the command line."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from selfrenew import messages
from selfrenew.piv.reference_data import check_new_passcode, encode_reference_data
from selfrenew.secret import Secret

from .errors import PasscodesDifferError
from .settings import Settings

PASSCODE = "SELFRENEW_PASSCODE"
NEW_PASSCODE = "SELFRENEW_NEW_PASSCODE"
UNLOCK_CODE = "SELFRENEW_UNLOCK_CODE"
_FILE_MAX_BYTES = 4096


def read_passcode(settings: Settings, environ: Mapping[str, str] = os.environ) -> Secret:
    """Get the passcode. Raise click.UsageError, ReferenceDataFormatError for none a card takes."""
    if settings.passcode_file is not None:
        passcode = _from_file(settings.passcode_file)
    else:
        passcode = _from_environment(environ, PASSCODE) or _ask(
            settings, messages.PASSCODE_PROMPT, messages.PASSCODE_BY.format(variable=PASSCODE)
        )
    encode_reference_data(passcode)
    return passcode


def read_new_passcode(
    settings: Settings, file: Path | None, environ: Mapping[str, str] = os.environ
) -> Secret:
    """Get a new passcode, typed twice where it is typed.

    Raise click.UsageError, ReferenceDataFormatError or PasscodesDifferError.
    """
    given = _from_environment(environ, NEW_PASSCODE) if file is None else _from_file(file)
    new = given or _ask(
        settings,
        messages.NEW_PASSCODE_PROMPT,
        messages.NEW_PASSCODE_BY.format(variable=NEW_PASSCODE),
    )
    check_new_passcode(new)
    if given is None and _ask(settings, messages.REPEAT_PASSCODE_PROMPT, NEW_PASSCODE) != new:
        raise PasscodesDifferError
    return new


def read_unlock_code(settings: Settings, environ: Mapping[str, str] = os.environ) -> Secret:
    """Get the code of the mail. Raise click.UsageError."""
    return _from_environment(environ, UNLOCK_CODE) or _ask(
        settings, messages.UNLOCK_CODE_PROMPT, UNLOCK_CODE
    )


def _from_environment(environ: Mapping[str, str], variable: str) -> Secret | None:
    value = environ.get(variable)
    return Secret(os.fsencode(value)) if value else None


def _from_file(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            first, _, _ = file.read(_FILE_MAX_BYTES).partition(b"\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or messages.NO_FILE_NAME
        raise click.UsageError(
            messages.PASSCODE_FILE_UNREADABLE.format(path=path, why=why)
        ) from error
    return Secret(first.removesuffix(b"\r"))


def _ask(settings: Settings, prompt: str, otherwise: str) -> Secret:
    if not settings.interactive:
        raise click.UsageError(messages.NO_TERMINAL.format(prompt=prompt, otherwise=otherwise))
    value: str = click.prompt(prompt, hide_input=True, err=True)
    return Secret(value.encode("utf-8", "surrogateescape"))
