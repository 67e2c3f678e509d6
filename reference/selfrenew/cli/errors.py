# SPDX-License-Identifier: Apache-2.0
"""What can go wrong on the command line itself, beyond click's own usage errors.

CliError
├── PasscodesDifferError  a new passcode was typed in two ways
├── TicketRefusedError    the Spine signs in and does not stand by it
└── StoppedError          Ctrl-C, with the state the card is in
"""

from selfrenew import messages
from selfrenew.http import one_line


class CliError(Exception):
    """A command does not go on."""


class PasscodesDifferError(CliError):
    """The repetition is another passcode."""

    def __init__(self) -> None:
        super().__init__(messages.PASSCODES_DIFFER)


class TicketRefusedError(CliError):
    """A ticket that was just given is not valid."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(
            messages.TICKET_REFUSED.format(reason=one_line(reason or messages.NO_REASON))
        )


class StoppedError(CliError):
    """The person stopped a command whose state matters."""
