# SPDX-License-Identifier: Apache-2.0
"""The form of a passcode and a PUK: on the card, and where a new passcode is chosen.

On the card both are eight bytes, a shorter PIN padded with FF (SP 800-73-4 Part 2, 2.4.3). Policy
is asked only of a new passcode: shorter ones from before October 2023 are still on cards.
"""

from selfrenew import messages
from selfrenew.secret import Secret

LENGTH_BYTES = 8
NEW_PASSCODE_DIGITS = range(6, 9)


class ReferenceDataFormatError(Exception):
    """A passcode or PUK has a form no card takes; the text never repeats it."""


def encode_reference_data(secret: Secret) -> bytes:
    """Pad to the eight bytes of the card. Raise ReferenceDataFormatError."""
    value = secret.reveal()
    if not 1 <= len(value) <= LENGTH_BYTES:
        raise ReferenceDataFormatError(messages.PASSCODE_FORM)
    return value.ljust(LENGTH_BYTES, b"\xff")


def check_new_passcode(passcode: Secret) -> None:
    """Require 6 to 8 digits. Raise ReferenceDataFormatError."""
    value = passcode.reveal()
    if len(value) not in NEW_PASSCODE_DIGITS or not (value.isdigit() and value.isascii()):
        raise ReferenceDataFormatError(messages.NEW_PASSCODE_FORM)
