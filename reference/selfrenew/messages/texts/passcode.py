# SPDX-License-Identifier: Apache-2.0
"""Changing the passcode, and unlocking the card."""

from typing import Final

from selfrenew.messages.marking import phrase, text

PASSCODE_PROMPT: Final = phrase("Passcode")
NEW_PASSCODE_PROMPT: Final = phrase("New passcode (6 to 8 digits)")
REPEAT_PASSCODE_PROMPT: Final = phrase("New passcode again")
UNLOCK_CODE_PROMPT: Final = phrase("Code from the email")
PASSCODE_CHANGED: Final = text("Your passcode was changed.")
UNLOCKED: Final = text("Your smartcard is unlocked and has the new passcode.")
UNLOCK_STARTED: Final = text(
    "If this card is known, a code was sent to the email address registered for it. It is valid "
    "for 15 minutes."
)
PASSCODES_DIFFER: Final = text("The two new passcodes are not the same. Nothing was changed.")
UNLOCK_GO_ON: Final = text(
    "Set the new passcode with SELFRENEW_UNLOCK_CODE and SELFRENEW_NEW_PASSCODE: selfrenew unlock "
    "--continue {unlock}"
)
PASSCODE_FORM: Final = text(
    "A passcode has at most 8 characters and at least one. Nothing was sent to the card: enter it "
    "again."
)
NEW_PASSCODE_FORM: Final = text(
    "A new passcode has 6 to 8 digits and nothing else. Nothing was changed: choose another one."
)
PASSCODE_ON_NO_CARD: Final = text(
    "A passcode of this form is on no card: it has up to 8 digits and nothing else. No try was "
    "used up: enter it again."
)
PASSCODE_FILE_UNREADABLE: Final = text("Reading the passcode from {path} failed: {why}.")
NO_FILE_NAME: Final = phrase("it is no path")
NO_TERMINAL: Final = text(
    "'{prompt}' cannot be asked for without a terminal. Give it by {otherwise}."
)
PASSCODE_BY: Final = phrase("--passcode-file or {variable}")
NEW_PASSCODE_BY: Final = phrase("--new-passcode-file or {variable}")
UNLOCK_START_OR_CONTINUE: Final = text(
    "--start begins an unlock, --continue goes on with one: give one."
)
UNLOCK_CODE_EARLY: Final = text(
    "{variable} is the code of an unlock that was started before. Name that one with --continue, "
    "or take the code out to start anew."
)
