# SPDX-License-Identifier: Apache-2.0
"""The program under test: tells how many tries a card's passcode has left."""

from collections.abc import Callable

_SELECT_PIV = bytes.fromhex("00A4040005A000000308")
# VERIFY without data asks for the state of the passcode (SP 800-73-4 Part 2, 3.2.1).
_TRIES = bytes.fromhex("00200080")


class CardGoneError(Exception):
    """The card was taken out; put it in again."""


def tries_left(transmit: Callable[[bytes], bytes]) -> int:
    """Count the tries that are left. Raise CardGoneError, whatever the reader raises."""
    try:
        transmit(_SELECT_PIV)
        status = transmit(_TRIES)[-2:]
    except Exception as error:
        raise CardGoneError("The card was taken out; put it in again.") from error
    return status[1] & 0x0F
