# SPDX-License-Identifier: Apache-2.0
"""The page of the Smartcard Service.

What its scripts fill in are words in braces without a format.
"""

from typing import Final

from selfrenew.messages.marking import phrase, text

PAGE_SERVICE_HEADING: Final = phrase("Smartcard Service")
PAGE_TITLE_LABEL: Final = phrase("{heading} - {service}")
PAGE_SKIP_LINK: Final = phrase("Skip to main content")
PAGE_SIGNED_IN_LABEL: Final = phrase("Signed in as {name}")
PAGE_CONTACTS_HEADING: Final = phrase("Useful contacts")
PAGE_CONTACT_IT_LABEL: Final = phrase("IT")
PAGE_CHECK_LINK: Final = phrase("Check the set-up of this computer")
PAGE_STEPS_LABEL: Final = phrase("Steps")
PAGE_ERROR_HEADING: Final = phrase("There is a problem")
PAGE_CONTINUE_BUTTON: Final = phrase("Continue")
PAGE_CLOSE_BUTTON: Final = phrase("Close")
PAGE_BACK_BUTTON: Final = phrase("Back")
PAGE_TRY_AGAIN_BUTTON: Final = phrase("Try again")
PAGE_CONNECTING_HEADING: Final = phrase("Connecting to your smartcard")
PAGE_CONNECTING: Final = text(
    "This page is looking for the smartcard software on this computer. If your browser asks "
    "whether this site may reach apps or devices here, choose to allow it."
)
PAGE_CONNECTING_LINK: Final = phrase("Nothing happens: what may be wrong")
PAGE_NO_READER_HEADING: Final = phrase("No smartcard reader was found")
PAGE_NO_READER: Final = text("Plug in your smartcard reader. This page goes on by itself.")
PAGE_NO_CARD_HEADING: Final = phrase("Put your smartcard in the reader")
PAGE_NO_CARD: Final = text(
    "There is no smartcard in the reader. This page goes on once there is one."
)
PAGE_SEVERAL_CARDS_HEADING: Final = phrase("There is more than one smartcard")
PAGE_SEVERAL_CARDS: Final = text(
    "To be sure that the right one is changed, leave only your own smartcard in and take the "
    "others out. This page goes on by itself."
)
PAGE_FOREIGN_CARD_HEADING: Final = phrase("This is not a smartcard that can be renewed here")
PAGE_FOREIGN_CARD: Final = text(
    "The card in the reader is of another kind. Nothing was done with it. Take it out and put your "
    "own smartcard in; this page goes on by itself."
)
PAGE_LOGGED_OUT_HEADING: Final = phrase("You have been logged out")
PAGE_SIGN_IN_FIRST: Final = text(
    "You are not signed in with your smartcard. Take it out, put it back and enter your passcode "
    "when you are asked for it. This page goes on by itself."
)
PAGE_SESSION_OVER: Final = text(
    "Your session with this page has ended, because nothing was done for a while or the service "
    "was started anew. Nothing on your smartcard was changed by that."
)
PAGE_NO_SIGN_IN_HEADING: Final = phrase("You cannot sign in with this smartcard")
PAGE_NO_SIGN_IN: Final = {
    "expired": text("Its certificate for signing in has expired."),
    "missing": text("There is no certificate for signing in on it."),
    "corrupt": text("Its certificate for signing in cannot be read."),
    "unsupported": text("Its certificate for signing in is of a kind that is not known here."),
}
"""Why, by the state of that slot."""
PAGE_NO_SIGN_IN_NEXT: Final = text("Visit your Registration Authority with your smartcard.")
PAGE_NO_SIGN_IN_INTERRUPTED: Final = text(
    "A renewal was interrupted. Nothing is lost: ask your IT service desk to finish it on this "
    "computer, with 'selfrenew renew'."
)
PAGE_FORGOTTEN_LINK: Final = phrase("I have forgotten my passcode")
PAGE_SELECT_HEADING: Final = phrase("Select service")
PAGE_SELECT_LABEL: Final = phrase("What do you want to do?")
PAGE_CHANGE_PASSCODE_LABEL: Final = phrase("Change Passcode")
PAGE_RENEW_LABEL: Final = phrase("Renew Certificate")
PAGE_RENEW_DUE: Final = text(
    "Your certificates expire on {not_after}, {days_left} days from now. Renew both in one go."
)
PAGE_RENEW_DUE_ONE_DAY: Final = text(
    "Your certificates expire tomorrow, on {not_after}. Renew both in one go."
)
PAGE_RENEW_DUE_TODAY: Final = text(
    "Your certificates expire within a day, on {not_after}. Renew now."
)
PAGE_RENEW_INTERRUPTED: Final = text(
    "A renewal was interrupted. Nothing is lost: renewing again finishes it."
)
PAGE_RENEW_NOT_DUE: Final = text(
    "Your certificates are not due for renewal. You can renew them from {due_from}, 90 days before "
    "they expire on {not_after}."
)
PAGE_RENEW_EXPIRED: Final = text(
    "Your certificates can no longer be renewed here, because one expired on {not_after}. Visit "
    "your Registration Authority with your smartcard."
)
PAGE_RENEW_NOTHING_VOUCHES: Final = text(
    "Neither certificate on your smartcard can vouch for a renewal any more. Visit your "
    "Registration Authority with your smartcard."
)
PAGE_RENEW_UNSUPPORTED: Final = text(
    "A certificate on your smartcard is of a kind that cannot be renewed here. Visit your "
    "Registration Authority with your smartcard before your certificates expire on {not_after}."
)
PAGE_SELECT_NOTHING: Final = text("Select what you want to do.")
PAGE_UNLOCK_LINK: Final = phrase("Unlock a smartcard or set a forgotten passcode")
PAGE_PASSCODE_HEADING: Final = phrase("Enter passcode")
PAGE_PASSCODE_LABEL: Final = phrase("Your passcode")
PAGE_PASSCODE_HINT: Final = text(
    "It goes from this page to your smartcard and to nobody else. {tries} tries are left."
)
PAGE_PASSCODE_HINT_ONE_TRY: Final = text(
    "It goes from this page to your smartcard and to nobody else. One try is left: a wrong "
    "passcode now locks the smartcard."
)
PAGE_PASSCODE_MISSING: Final = text("Enter your passcode.")
PAGE_CONFIRM_HEADING: Final = phrase("Renew certification confirmation")
PAGE_CONFIRM: Final = text("Both certificates on your smartcard will be renewed.")
PAGE_CONFIRM_TIME: Final = text("This takes around three minutes.")
PAGE_CONFIRM_CARD_LABEL: Final = phrase("Smartcard")
PAGE_CONFIRM_EXPIRES_LABEL: Final = phrase("Expires")
PAGE_CONFIRM_HOLDER_LABEL: Final = phrase("Holder")
PAGE_NEW_PASSCODE_HEADING: Final = phrase("Choose a new passcode")
PAGE_NEW_PASSCODE_LABEL: Final = phrase("Your new passcode")
PAGE_NEW_PASSCODE_HINT: Final = text("It has 6 to 8 digits.")
PAGE_REPEAT_PASSCODE_LABEL: Final = phrase("Your new passcode again")
PAGE_NEW_PASSCODE_MISSING: Final = text("Enter a new passcode.")
PAGE_NEW_PASSCODES_DIFFER: Final = text("The two new passcodes are not the same.")
PAGE_PROGRESS_RENEW_HEADING: Final = phrase("Renewing your certificates")
PAGE_PROGRESS_CHANGE_HEADING: Final = phrase("Changing your passcode")
PAGE_PROGRESS_UNLOCK_HEADING: Final = phrase("Unlocking your smartcard")
PAGE_PROGRESS_RELOAD: Final = text(
    "You can leave this page open, or open it again: the work goes on in the smartcard software."
)
PAGE_PROGRESS_LABEL: Final = phrase("Progress")
PAGE_MINUTES_LEFT_LABEL: Final = phrase("About {minutes} minutes left")
PAGE_ONE_MINUTE_LEFT_LABEL: Final = phrase("About one minute left")
PAGE_SECONDS_LEFT_LABEL: Final = phrase("Less than half a minute left")
PAGE_STEP_DONE_LABEL: Final = phrase("Done")
PAGE_STEP_ACTIVE_LABEL: Final = phrase("In progress")
PAGE_STEP_WAITING_LABEL: Final = phrase("Not started")
PAGE_STEP_ANNOUNCED: Final = text("Step {number} of {total}: {step}. {left}.")
PAGE_STEPS: Final = {
    "inspect": phrase("Reading your smartcard"),
    "preflight": phrase("Checking that everything needed is there"),
    "consent": phrase("Getting leave to change your smartcard"),
    "signing_key": phrase("Making the new key for signatures"),
    "signing_certificate": phrase("Getting the new certificate for signatures"),
    "signing_confirmed": phrase("Confirming the certificate for signatures"),
    "authentication_key": phrase("Making the new key for signing in"),
    "authentication_certificate": phrase("Getting the new certificate for signing in"),
    "authentication_confirmed": phrase("Confirming the certificate for signing in"),
    "sign_in": phrase("Signing in to the Spine with the new certificate"),
}
"""What each step of a renewal is called, in their order."""
PAGE_NEXT_HEADING: Final = phrase("What to do next")
PAGE_NEXT_REMOVE: Final = text("Log out by removing your smartcard.")
PAGE_NEXT_INSERT: Final = text("Put it back in the reader.")
PAGE_NEXT_SIGN_IN: Final = text("Log back in to confirm that you can access the Spine.")
PAGE_RELOGIN_HEADING: Final = phrase("Logging back in")
PAGE_RELOGIN_REMOVE: Final = text("Waiting for you to remove your smartcard.")
PAGE_RELOGIN_INSERT: Final = text("Your smartcard is out. Put it back in the reader.")
PAGE_RELOGIN_SIGN_IN: Final = text(
    "Your smartcard is back. Enter your passcode when you are asked."
)
PAGE_RELOGIN_DONE: Final = text(
    "You are logged in to the Spine with your new certificate, serial number {serial}."
)
PAGE_RELOGIN_OTHER: Final = text(
    "You are logged in with another certificate than the new one, serial number {serial}. Take the "
    "smartcard out and check that it is the one that was renewed."
)
PAGE_RELOGIN_NO_SPINE: Final = text(
    "Your smartcard is back, but the Spine could not be reached. Your certificates are renewed; "
    "try to log in again later."
)
PAGE_RENEWED_HEADING: Final = phrase("Your new certificates")
PAGE_RENEWED_LINE: Final = text("{slot}: valid until {not_after}, serial number {serial}.")
PAGE_SLOTS: Final = {
    "authentication": phrase("For signing in"),
    "signing": phrase("For signatures"),
}
"""What a person uses each certificate for."""
PAGE_CHANGED_HEADING: Final = phrase("Your passcode was changed")
PAGE_CHANGED: Final = text("Use the new passcode from now on.")
PAGE_FAILED_HEADING: Final = phrase("It could not be completed")
PAGE_FAILED_CARD_HEADING: Final = phrase("Your smartcard")
PAGE_FAILED_REMEDY_HEADING: Final = phrase("What to do")
PAGE_FAILED_UNCHANGED: Final = text("Nothing on your smartcard was changed.")
PAGE_FAILED_REMEDY: Final = text("Try again. If it stays so, contact IT support.")
PAGE_FAILED_REASON_LABEL: Final = phrase("For the service desk: {reason}")
PAGE_LOST_HEADING: Final = phrase("The smartcard software has stopped answering")
PAGE_LOST: Final = text(
    "This page has lost touch with the smartcard software on this computer. Start it again, or "
    "sign out of the computer and in again; this page goes on by itself."
)
PAGE_LOST_CARD: Final = text(
    "If something was being changed on your smartcard, nothing is lost: leave the card in, and do "
    "the same again once this page is back."
)
PAGE_UNREACHABLE_HEADING: Final = phrase("This service cannot be reached")
PAGE_UNREACHABLE: Final = text(
    "The page cannot reach its own server. Nothing on your smartcard was changed. Check the "
    "network and try again later."
)
PAGE_LOCKED_HEADING: Final = phrase("Your smartcard is locked")
PAGE_LOCKED: Final = text(
    "A wrong passcode was entered too often. Unlock your smartcard first; after that you can renew "
    "its certificates."
)
PAGE_LOCKED_FOR_GOOD: Final = text(
    "A wrong passcode was entered too often. This smartcard cannot be unlocked here, because its "
    "passcode is shared with other applications on it. Visit your Registration Authority with your "
    "smartcard."
)
PAGE_NOT_UNLOCKABLE_HEADING: Final = phrase("This smartcard cannot be unlocked here")
PAGE_NOT_UNLOCKABLE: Final = text(
    "Its passcode is shared with other applications on it, so no code can replace it. Nothing on "
    "your smartcard was changed. If you have forgotten the passcode, visit your Registration "
    "Authority with your smartcard."
)
PAGE_UNLOCK_HEADING: Final = phrase("Unlock your smartcard")
PAGE_UNLOCK: Final = text(
    "A code is sent to the email address that is registered for you. It is valid for 15 minutes "
    "from when you start. With it you choose a new passcode."
)
PAGE_UNLOCK_BUTTON: Final = phrase("Send me a code")
PAGE_CODE_HEADING: Final = phrase("Enter the code and a new passcode")
PAGE_CODE_HINT: Final = text("If no email arrives, contact your Registration Authority.")
PAGE_CODE_MISSING: Final = text("Enter the code from the email.")
PAGE_UNLOCKED_HEADING: Final = phrase("Your smartcard is unlocked")
PAGE_UNLOCKED_NEXT: Final = text(
    "It has the new passcode. To renew its certificates, sign in with it and continue."
)
PAGE_UNLOCKED_BUTTON: Final = phrase("Continue to renewal")
PAGE_CLOSED_HEADING: Final = phrase("You have closed this service")
PAGE_CLOSED: Final = text("You can close this window. Your smartcard stays as it is.")
PAGE_OPEN_AGAIN_LINK: Final = phrase("Open the service again")
