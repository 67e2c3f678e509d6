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

SLOT_NAMES: Final = {0x9A: "authentication", 0x9C: "signing"}
"""What a person calls the certificate of a key reference."""
