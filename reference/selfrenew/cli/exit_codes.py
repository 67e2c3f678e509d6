# SPDX-License-Identifier: Apache-2.0
"""How `selfrenew` ends."""

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """A process's exit code; each but DONE also gives one line that says why.

    A renewal that broke off with a slot to redo ends with INTERRUPTED, or with REFUSED or
    NOT_TRUSTED where that is why and running it again does not help by itself. No other failure
    leaves a card half renewed.
    """

    DONE = 0
    """What was asked is done."""
    USAGE = 2
    """The command line is wrong, or a secret was not given."""
    NOT_DUE = 3
    """The renewal window has not opened; nothing was changed."""
    SEE_REGISTRATION_AUTHORITY = 4
    """A certificate has expired or is of a kind not known here, or no key is left that vouches."""
    WRONG_PASSCODE = 5
    """The passcode is wrong, or of the wrong form."""
    LOCKED = 6
    """The passcode or the unlocking key is blocked."""
    NO_CARD = 7
    """No reader, no card in it, the card was removed or is in use."""
    FOREIGN_CARD = 8
    """The card is not one that can be renewed here, or its image is damaged."""
    UNREACHABLE = 9
    """A service cannot be reached or is busy: try again later."""
    REFUSED = 10
    """A service refused."""
    NOT_TRUSTED = 11
    """An answer cannot be trusted: TLS, protection, or another certificate than asked for."""
    INTERRUPTED = 12
    """A renewal broke off with a slot to redo: run it again."""
    CONFIGURATION = 13
    """The configuration is missing or wrong."""
    ALREADY_RUNNING = 14
    """An agent runs in this session already."""
    BUG = 70
    """A fault of this program; -v shows its traceback."""
    CANCELLED = 130
    """Ctrl-C."""
