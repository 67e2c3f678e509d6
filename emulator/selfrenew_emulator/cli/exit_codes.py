# SPDX-License-Identifier: Apache-2.0
"""How `selfrenew-emulator` ends."""

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """A process's exit code; each error also prints one line to stderr."""

    DONE = 0
    USAGE = 2
    """An option or argument is wrong."""
    PORT_TAKEN = 3
    """Another program listens on the port that was asked for."""
    STATE_UNUSABLE = 4
    """The state folder is of another version, damaged, in use or not writable."""
    IMAGE_UNUSABLE = 5
    """The card image is missing, damaged, of another version or in use."""
    IMAGE_EXISTS = 6
    """There is an image already; `--force` overwrites it."""
    STAGE_UNREACHABLE = 7
    """The stage of a state folder is not running."""
    REFUSED = 8
    """The stage or the card refused what was asked."""
    READER_UNAVAILABLE = 9
    """There is no reader to put the card into, or no private pcscd to be had."""
    BUG = 70
    """An error nobody foresaw; its traceback is printed."""
    INTERRUPTED = 130
    """Ctrl-C, while something other than `up`, `reader up` or `card insert` was running."""
