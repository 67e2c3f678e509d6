# SPDX-License-Identifier: Apache-2.0
"""What the agent tells the page: how an operation goes and ends, and why something is refused."""

from typing import Final

from selfrenew.messages.marking import phrase, text

AGENT_STOPPED: Final = text("The agent was stopped. Start it again, and then what was under way.")
AGENT_PORT_TAKEN: Final = text(
    "Listening on 127.0.0.1:{port} failed ({why}). End the program that uses the port, or set "
    "agent.port in the configuration to the one that the portal names."
)
OPERATION_BUSY: Final = text("Another operation is under way on the card. Wait until it has ended.")
OPERATION_GIVEN_UP: Final = text(
    "Another operation was started instead. Look at how that one stands."
)
NO_SUCH_OPERATION: Final = text(
    "There is no such operation, or it was followed by another. Start anew."
)
NO_CODE_WANTED: Final = text("The operation does not wait for a code. Look at how it stands.")
TICKET_USED: Final = text("The portal's ticket was used before. Ask the portal for another one.")

FETCHING_PORTAL_KEYS: Final = phrase("Fetching the portal's keys")
NO_PORTAL_KEYS: Final = text(
    "Asking {service} for its keys failed ({why}). Check its address in the configuration."
)
HANDING_OVER: Final = phrase("Introducing this computer to the Smartcard Service")

OPERATION_STARTED: Final = text("Your smartcard is being read. Leave it in the reader.")
OPERATION_CHANGING: Final = text("Your passcode is being changed.")
OPERATION_SETTING: Final = text("Your new passcode is being set.")
OPERATION_UNLOCK: Final = text("The unlock is being started.")
OPERATION_CODE_WRONG: Final = text("The code is not valid. Enter the code of the latest email.")

CARD_UNCHANGED: Final = text("The certificates and keys on your smartcard are as they were.")
CARD_WITHIN: Final = text(
    "The {slot} certificate was being replaced and has to be done again. The {voucher} certificate "
    "still works, so your smartcard can be renewed from where it was."
)
CARD_BETWEEN: Final = text(
    "The {done} certificate is renewed. The {slot} certificate is the old one, and still works "
    "until it expires."
)
CARD_RENEWED: Final = text("Both certificates are renewed and on your smartcard.")
CARD_KEEPS_PASSCODE: Final = text("Your smartcard still has the passcode that it had.")
CARD_MAY_HAVE_NEW_PASSCODE: Final = text(
    "Your smartcard may have the new passcode already. Try that one first."
)
CARD_LOCKED: Final = text("Your smartcard is locked. Its certificates and keys are as they were.")

REMEDY_RENEWED: Final = text(
    "Nothing has to be renewed again. Take your smartcard out, put it back and sign in."
)
REMEDY_SIGN_IN_WITHIN: Final = text(
    "Put your smartcard in and renew again. It goes on from where it was. If you are asked to sign "
    "in and cannot, ask your IT service desk to finish it on this computer, with 'selfrenew renew'."
)

FAILURES: Final = {
    "no_reader": text("No smartcard reader was found."),
    "no_card": text("There is no smartcard in the reader."),
    "several_cards": text("There is more than one smartcard in the readers."),
    "card_removed": text("Your smartcard was taken out of the reader."),
    "card_in_use": text("Another program is using your smartcard."),
    "card_swapped": text("Another smartcard is in the reader than the one you began with."),
    "foreign_card": text(
        "The smartcard did not answer as an NHS smartcard that can be renewed here."
    ),
    "wrong_passcode": text("The passcode you entered is not valid."),
    "passcode_form": text("The passcode does not have the form that a passcode has."),
    "locked": text("Your smartcard is locked. The passcode was entered wrongly too often."),
    "unlocking_key_wrong": text("Your smartcard did not accept the key to unlock it."),
    "unlocking_key_blocked": text("Your smartcard cannot be unlocked by self-service."),
    "wrong_code": text("The code is not the one that was sent last."),
    "unlock_over": text("The code can no longer be used."),
    "not_due": text("Your certificates are not due for renewal yet."),
    "certificate_expired": text("Your certificate has expired and can no longer be renewed here."),
    "certificate_revoked": text("Your certificate is no longer accepted."),
    "certificate_pending": text("An earlier renewal was not finished."),
    "no_certificate": text("No certificate was found to perform authentication."),
    "nothing_vouches": text(
        "Neither certificate on your smartcard can vouch for a renewal any more."
    ),
    "unsupported_certificate": text(
        "A certificate on your smartcard is of a kind that cannot be renewed here."
    ),
    "no_such_role": text("You do not have the role that was chosen."),
    "unreachable": text("A service that is needed did not answer."),
    "refused": text("A service that is needed refused its part."),
    "not_trusted": text("An answer came that cannot be trusted, so it was not used."),
    "interrupted": text("The renewal was interrupted."),
    "given_up": text("Something else was started instead."),
    "agent_stopped": text("The smartcard program on this computer was stopped."),
    "fault": text("A fault of the smartcard program ended this."),
}
"""What happened, by the reason of a failure."""
FAILURE_REMEDIES: Final = {
    "no_reader": text("Connect the reader and try again."),
    "no_card": text("Insert your smartcard and try again."),
    "several_cards": text("Take the other smartcards out and try again."),
    "card_removed": text("Put your smartcard back and start again."),
    "card_in_use": text("Close the other program and try again."),
    "card_swapped": text("Put your own smartcard in and start again."),
    "foreign_card": text(
        "Take the smartcard out, put it back and try again. If it stays so, see your Registration "
        "Authority."
    ),
    "wrong_passcode": text("Enter it again, or unlock your smartcard if you have forgotten it."),
    "passcode_form": text("A new passcode has 6 to 8 digits and nothing else. Enter it again."),
    "locked": text("Unlock your smartcard with a code that is sent to you by email."),
    "unlocking_key_wrong": text("See your Registration Authority."),
    "unlocking_key_blocked": text("See your Registration Authority."),
    "wrong_code": text("Enter the code of the latest email."),
    "unlock_over": text("Start the unlock again for a new code."),
    "not_due": text("Nothing has to be done now."),
    "certificate_expired": text("Visit your Registration Authority with your smartcard."),
    "certificate_revoked": text(
        "Renew again if a renewal was interrupted. Otherwise visit your Registration Authority."
    ),
    "certificate_pending": text("Renew again to finish it."),
    "no_certificate": text(
        "Renew again if a renewal was interrupted. Otherwise visit your Registration Authority."
    ),
    "nothing_vouches": text("Visit your Registration Authority with your smartcard."),
    "unsupported_certificate": text("Visit your Registration Authority with your smartcard."),
    "no_such_role": text("Choose one of your roles."),
    "unreachable": text("Check the network and try again later."),
    "refused": text("Try again later. If it stays so, show the details to your IT service desk."),
    "not_trusted": text("Show the details to your IT service desk."),
    "interrupted": text("Put your smartcard in and renew again. It goes on from where it was."),
    "given_up": text("Start the unlock again if you still need it."),
    "agent_stopped": text("Start the smartcard program again, and then what was under way."),
    "fault": text("Try again. If it stays so, show the details to your IT service desk."),
}
"""What to do, by the reason of a failure."""

PROBLEMS: Final = {
    "wrong_host": text("The smartcard program was addressed by a name that is not its own."),
    "wrong_origin": text("This page is not the one that the smartcard program works with."),
    "not_paired": text("This page is not connected with the smartcard program. Reload it."),
    "too_many_requests": text("Too much was asked at once. Wait a little and try again."),
    "too_large": text("What was sent is too long."),
    "not_json": text("What was sent is not of the kind that is expected."),
    "unexpected_body": text("Something was sent where nothing is expected."),
    "wrong_form": text("What was sent is not of the form that is expected."),
    "not_found": text("There is nothing of this name."),
    "method_not_allowed": text("This cannot be done with what was named."),
    "ticket_invalid": text("The portal's leave for this operation is not valid. Start again."),
    "ticket_expired": text("The portal's leave for this operation is too old. Start again."),
    "ticket_used": text("The portal's leave for this operation was used before. Start again."),
    "wrong_card": text("The portal's leave is for another smartcard. Put your own one in."),
    "busy": text("Your smartcard is in use for another operation. Wait until that has ended."),
    "remote_desktop": text("This cannot be done over a remote desktop."),
    "no_operation": text("There is no such operation."),
    "no_code_wanted": text("The operation does not wait for a code."),
    "portal_unreachable": text("The Smartcard Service did not answer. Try again later."),
    "portal_refused": text("The Smartcard Service refused the smartcard program. Sign in again."),
    "agent_stopped": text("The smartcard program on this computer is being stopped."),
    "fault": text("A fault of the smartcard program ended this. Try again."),
}
"""Why the agent refuses a page's request, by its reason; a failure of the card is in FAILURES."""

CHECKS_PASSED: Final = {
    "reader": text("The smartcard reader is there."),
    "card": text("There is an NHS smartcard in the reader."),
    "ca": text("The certification authority answers."),
    "management": text("Card management answers."),
    "spine": text("The Spine answers."),
    "portal": text("The Smartcard Service answers."),
}
"""What the setup check found to be well, by the check."""
