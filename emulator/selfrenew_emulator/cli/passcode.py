# SPDX-License-Identifier: Apache-2.0
"""Where the passcode of a card to be made comes from: the environment, or a test value."""

from collections.abc import Mapping

import click

VARIABLE = "SELFRENEW_PASSCODE"
_DIGITS = range(4, 9)


def passcode_from(environ: Mapping[str, str], variable: str = VARIABLE) -> bytes:
    """Read a passcode; four digits are allowed, since old cards carry such ones.

    Raise click.UsageError for any other form; the text never repeats it.
    """
    value = environ.get(variable, "").encode()
    if not value:
        from selfrenew_emulator.stage import TEST_PASSCODE  # noqa: PLC0415  heavy

        return TEST_PASSCODE
    if len(value) not in _DIGITS or not value.isdigit():
        raise click.UsageError(f"{variable} is no passcode: it has 4 to 8 digits, nothing else.")
    return value
