# SPDX-License-Identifier: Apache-2.0
"""How `selfrenew` ends."""

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """A process's exit code; each error also prints one line to stderr."""

    DONE = 0
    USAGE = 2
    """The command line is wrong."""
    NOT_DUE = 3
    """The renewal window has not opened; nothing was changed."""
    SEE_REGISTRATION_AUTHORITY = 4
    """A certificate has expired, or no key is left that vouches."""
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
    BUG = 70
    """A fault of this program; its traceback is printed."""
    CANCELLED = 130
    """Ctrl-C."""
