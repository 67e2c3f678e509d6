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
    """The stage of a state folder, or the CA to rely on, is not running."""
    REFUSED = 8
    """The stage or the card refused what was asked."""
    READER_UNAVAILABLE = 9
    """There is no reader to put the card into, or no private pcscd to be had."""
    APPLICATION_UNAVAILABLE = 10
    """What is to be used is not installed, or an application's configuration cannot be used."""
    INVARIANT_BROKEN = 11
    """A campaign found a case in which something was lost, or told wrongly."""
    CAMPAIGN_UNUSABLE = 12
    """A campaign cannot begin: its file, its scheduler or the program under test."""
    TRACE_UNUSABLE = 13
    """A trace is missing, damaged, of a newer version, or cannot be written."""
    DIVERGED = 14
    """The conversation was not the one of the trace that was replayed."""
    LINT_FOUND = 15
    """The linter found something."""
    BUG = 70
    """An error nobody foresaw; its traceback is printed."""
    INTERRUPTED = 130
    """Ctrl-C, while something other than what runs until then was running.

    A campaign keeps what it has.
    """
