# SPDX-License-Identifier: Apache-2.0
"""Every text a person reads on the way to a new certificate, once.

Errors of the layers below carry their own texts; these are the notices, the progress and the
outcomes. Names in braces are filled in where the text is used.
"""

from typing import Final

PASSCODE_PROMPT: Final = "Passcode"
NEW_PASSCODE_PROMPT: Final = "New passcode (6 to 8 digits)"
REPEAT_PASSCODE_PROMPT: Final = "New passcode again"
UNLOCK_CODE_PROMPT: Final = "Code from the email"

NOTICE: Final = (
    "Your smartcard's certificates expire in {days_left} days, on {expires:%d %B %Y}. "
    "Do you want to renew them now?"
)
NOTICE_ONE_DAY: Final = (
    "Your smartcard's certificates expire in 1 day, on {expires:%d %B %Y}. "
    "Do you want to renew them now?"
)
NOTICE_TODAY: Final = (
    "Your smartcard's certificates expire in less than a day, at {expires:%H:%M} UTC on "
    "{expires:%d %B %Y}. Do you want to renew them now?"
)
NOTICE_LATER: Final = "You can renew at any time until then: {url}"

SUCCESS: Final = "Success: certificate renewed for smartcard"
SUCCESS_NEXT: Final = (
    "Remove your smartcard, put it back and sign in again to confirm that you can access the Spine."
)
DO_NOT_REMOVE: Final = "Do not remove your smartcard."

NOT_DUE: Final = (
    "Your certificates are not due for renewal. You can renew them from {due_from:%d %B %Y, %H:%M} "
    "UTC, 90 days before they expire."
)
EXPIRED: Final = (
    "Your certificate expired on {since:%d %B %Y at %H:%M} UTC and can no longer be renewed here. "
    "Visit your Registration Authority with your smartcard."
)
EXPIRED_AT_SIGN_IN: Final = (
    "Your certificate expired on {since:%d %B %Y at %H:%M} UTC, so you cannot sign in with it. "
    "Visit your Registration Authority with your smartcard, unless a renewal was interrupted: "
    "then run it again."
)
NOTHING_VOUCHES: Final = (
    "Neither certificate on the card can vouch for a renewal any more ({states}). Visit your "
    "Registration Authority with your smartcard."
)
RESUMED: Final = (
    "A previous renewal was interrupted; the {slots} certificate still has to be renewed."
)
INTERRUPTED: Final = (
    "{cause} The {slot} certificate was being replaced and has to be done again; the {voucher} "
    "certificate still works, so nothing is lost. Put the card in and run the renewal again."
)
NOT_PROVEN: Final = (
    "{cause} Both certificates are renewed and on the card, only signing in with the new one could "
    "not be shown. Nothing has to be renewed again: take the card out, put it back and sign in."
)
NO_CERTIFICATE: Final = (
    "No certificate was found to perform authentication. Run the renewal if one was interrupted; "
    "otherwise visit your Registration Authority."
)
PASSCODE_CHANGED: Final = "Your passcode was changed."
UNLOCKED: Final = "Your smartcard is unlocked and has the new passcode."
UNLOCK_STARTED: Final = (
    "If this card is known, a code was sent to the email address registered for it. It is valid "
    "for 15 minutes."
)
PASSCODES_DIFFER: Final = "The two new passcodes are not the same. Nothing was changed."

STATUS_NOT_DUE: Final = "Not due: it can be renewed from {due_from:%d %B %Y, %H:%M} UTC."
STATUS_DUE: Final = "Due since {due_from:%d %B %Y, %H:%M} UTC. Run 'selfrenew renew'."
STATUS_INTERRUPTED: Final = (
    "A renewal was interrupted; the {slots} certificate still has to be renewed. Run 'selfrenew "
    "renew' to finish it."
)
STATUS_REGISTRATION_AUTHORITY: Final = (
    "It can no longer be renewed here. Visit your Registration Authority with your smartcard."
)

SIGNED_IN: Final = "Signed in to the Spine as {name}."
ROLE_OF_SEVERAL: Final = "The first of your {number} roles was chosen; --role chooses another."
NO_ROLES: Final = "You have no roles."
CHOOSE_ROLE: Final = "Number of the role to work in"
CERTIFICATE_USED: Final = "The certificate that signed in has the serial number {serial}."
NOTICE_NOW: Final = "Renew here: {url}, or run 'selfrenew renew'."
TICKET_REFUSED: Final = (
    "Validating the ticket with the Spine came back as not valid ({reason}). Sign in again."
)

STOPPED: Final = "Stopped by Ctrl-C. No renewal was in progress."
STOPPED_BEFORE: Final = "Stopped by Ctrl-C. Nothing on the card was changed."
STOPPED_WITHIN: Final = (
    "Stopped by Ctrl-C. The {slot} certificate was being replaced and has to be done again; the "
    "{voucher} certificate still works, so nothing is lost. Run 'selfrenew renew' again."
)
STOPPED_BETWEEN: Final = (
    "Stopped by Ctrl-C. The {done} certificate is renewed, the {slot} certificate still has to be "
    "renewed. Run 'selfrenew renew' again."
)
STOPPED_AFTER: Final = (
    "Stopped by Ctrl-C. Both certificates are renewed and on the card. Take the card out, put it "
    "back and sign in."
)

UNLOCK_GO_ON: Final = (
    "Set the new passcode with SELFRENEW_UNLOCK_CODE and SELFRENEW_NEW_PASSCODE: selfrenew unlock "
    "--continue {unlock}"
)

REFUSAL_REMEDIES: Final = {
    "expired": "Visit your Registration Authority with your smartcard.",
    # A certificate that was never confirmed is withdrawn after a while, and counts as revoked.
    "revoked": (
        "If a renewal was interrupted, run 'selfrenew renew' to finish it; otherwise visit your "
        "Registration Authority with your smartcard."
    ),
    "superseded": (
        "A newer certificate was issued to you: use the card that has it, or visit your "
        "Registration Authority."
    ),
    "pending": "Run 'selfrenew renew' to finish the renewal.",
    "unknown": (
        "Check that card and services belong together, or visit your Registration Authority."
    ),
    "bad_signature": (
        "If a renewal was interrupted, run 'selfrenew renew' to finish it; otherwise visit your "
        "Registration Authority."
    ),
    "no_such_person": "Ask your Registration Authority.",
    "wrong_code": "Enter the code of the latest email.",
    "code_expired": "Run 'selfrenew unlock' again for a new code.",
    "no_tries_left": "Run 'selfrenew unlock' again for a new code.",
    "unknown_unlock": "Run 'selfrenew unlock' again for a new code.",
    "handed_out": "Run 'selfrenew unlock' again for a new code.",
}
"""What to do where a service refuses, by its reason."""
REFUSAL_REMEDY: Final = "Try again later; if it stays so, show this text to your IT service desk."

CONTACT_REGISTRATION_AUTHORITY: Final = "Registration Authority: {contact}."
CONTACT_IT: Final = "IT service desk: {contact}."

BUG: Final = (
    "A fault of this program ({kind}) ended it. A renewal that was in progress goes on when it is "
    "run again. Run it with -v for the details to report."
)

PROGRESS_INSPECTED: Final = "The card was read and its keys were tried."
PROGRESS_PREFLIGHT: Final = "CA, card management and Spine answer."
PROGRESS_AUTHENTICATED: Final = "Card management opened the card for the renewal."
PROGRESS_STARTED: Final = "The {slot} certificate is renewed; the {voucher} certificate vouches."
PROGRESS_KEY: Final = "The card made a new {slot} key."
PROGRESS_ISSUED: Final = "The CA issued the new {slot} certificate, valid until {until:%d %B %Y}."
PROGRESS_WRITTEN: Final = "The new {slot} certificate is on the card and goes with its key."
PROGRESS_CONFIRMED: Final = "The CA knows; the old {slot} certificate no longer counts."
PROGRESS_SIGNED_IN: Final = "Signed in to the Spine with the new certificate."

CANCELLED: Final = "Cancelled."

SLOT_NAMES: Final = {0x9A: "authentication", 0x9C: "signing"}
"""What a person calls the certificate of a key reference."""
