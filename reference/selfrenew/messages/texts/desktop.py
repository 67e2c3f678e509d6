# SPDX-License-Identifier: Apache-2.0
"""What the agent asks and says at a person's desktop."""

from typing import Final

from selfrenew.messages.marking import phrase, text

NOTICE_CERTIFICATE: Final = text(
    "It is the certificate of {holder} with the serial number {serial}, valid until "
    "{expires:%d %B %Y, %H:%M} UTC."
)
NOTICE_COPY: Final = text(
    "You can renew at any time until your certificates expire. Copy this link into the address "
    "bar of a supported web browser."
)
NOTICE_BROWSER_FAILED: Final = text(
    "Your web browser could not be opened. Copy this link into the address bar of a supported web "
    "browser."
)
TITLE_PASSCODE: Final = phrase("Sign in with your smartcard")
TITLE_ROLE: Final = phrase("Choose a role")
TITLE_NOTICE: Final = phrase("Smartcard expiry")
TITLE_LOCKED: Final = phrase("Smartcard locked")
PICK_ROLE: Final = text("In which role do you want to work?")
YES: Final = phrase("Yes")
NO: Final = phrase("No")
SIGN_IN: Final = phrase("Sign in")
CANCEL: Final = phrase("Cancel")
COPY_LINK: Final = phrase("Copy link")
LOCKED_UNLOCK_HERE: Final = text(
    "Your Smartcard is blocked. Unlock it with a code from your email: copy this link into the "
    "address bar of a supported web browser."
)
NO_ROLE_CHOSEN: Final = text("No role was chosen, so you are not signed in. Put the card in again.")
ALREADY_RUNNING: Final = text(
    "The agent is running in this session already, as process {process}. Use that one, or end it."
)
NO_INSTANCE_FOLDER: Final = text(
    "The folder {path}, where agents see one another, cannot be used: {why}. Set XDG_RUNTIME_DIR "
    "to a folder of your own."
)
UNWATCHED_READER: Final = text(
    "The reader '{reader}' does not tell when a card is put in or taken out, which the agent "
    "needs. Configure a reader that does."
)
AGENT_READY: Final = text("The agent is running. Put your smartcard in; Ctrl-C ends it.")
NO_DIALOGS: Final = text(
    "There is neither a display nor a terminal to ask for the passcode at. Set DISPLAY, or start "
    "the agent at a terminal."
)
