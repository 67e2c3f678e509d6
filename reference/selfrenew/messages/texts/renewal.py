# SPDX-License-Identifier: Apache-2.0
"""When a renewal is due, its progress, and how it ends."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

SUCCESS: Final = phrase("Success: certificate renewed for smartcard")
SUCCESS_NEXT: Final = text(
    "Remove your smartcard, put it back and sign in again to confirm that you can access the Spine."
)
DO_NOT_REMOVE: Final = text("Do not remove your smartcard.")
NOT_DUE: Final = text(
    "Your certificates are not due for renewal. You can renew them from {due_from:%d %B %Y, %H:%M} "
    "UTC, 90 days before they expire."
)
NOT_DUE_UNSUPPORTED: Final = text(
    "Your certificates are not due for renewal, and the {slot} certificate is of a kind that "
    "cannot be renewed here. Visit your Registration Authority with your smartcard before it "
    "expires."
)
EXPIRED: Final = text(
    "Your certificate expired on {since:%d %B %Y at %H:%M} UTC and can no longer be renewed here. "
    "Visit your Registration Authority with your smartcard."
)
NOTHING_VOUCHES: Final = text(
    "Neither certificate on the card can vouch for a renewal any more ({states}). Visit your "
    "Registration Authority with your smartcard."
)
UNSUPPORTED_CERTIFICATE: Final = text(
    "The {slot} certificate on the card is of a kind that cannot be renewed here. Nothing was "
    "changed on the card. Visit your Registration Authority with your smartcard."
)
RESUMED: Final = plural(
    "number",
    "A previous renewal was interrupted; the {slots} certificate still has to be renewed.",
    "A previous renewal was interrupted; the {slots} certificates still have to be renewed.",
)
INTERRUPTED: Final = text(
    "{cause} The {slot} certificate was being replaced and has to be done again; the {voucher} "
    "certificate still works, so nothing is lost. Put the card in and run the renewal again."
)
VOUCHER_NOT_VALID: Final = text(
    "The {voucher} certificate, which vouches for the other one, is valid from {begin:%d %B %Y, "
    "%H:%M} until {until:%d %B %Y, %H:%M} UTC, and it is {now:%d %B %Y, %H:%M} UTC by this "
    "computer's clock. Nothing more was changed on the card. Check the clock, then run the renewal "
    "again."
)
NOT_PROVEN: Final = text(
    "{cause} Both certificates are renewed and on the card, only signing in with the new one could "
    "not be shown. Nothing has to be renewed again: take the card out, put it back and sign in."
)
STATUS_NOT_DUE: Final = text("Not due: it can be renewed from {due_from:%d %B %Y, %H:%M} UTC.")
STATUS_DUE: Final = text("Due since {due_from:%d %B %Y, %H:%M} UTC. Run 'selfrenew renew'.")
STATUS_INTERRUPTED: Final = plural(
    "number",
    "A renewal was interrupted; the {slots} certificate still has to be renewed. Run 'selfrenew "
    "renew' to finish it.",
    "A renewal was interrupted; the {slots} certificates still have to be renewed. Run 'selfrenew "
    "renew' to finish it.",
)
STATUS_REGISTRATION_AUTHORITY: Final = text(
    "It can no longer be renewed here. Visit your Registration Authority with your smartcard."
)
STATUS_UNSUPPORTED: Final = text(
    "It cannot be renewed here: a certificate on it is of a kind that is not known here. Visit "
    "your Registration Authority with your smartcard before it expires."
)
STOPPED_BEFORE: Final = text("Stopped by Ctrl-C. Nothing on the card was changed.")
STOPPED_WITHIN: Final = text(
    "Stopped by Ctrl-C. The {slot} certificate was being replaced and has to be done again; the "
    "{voucher} certificate still works, so nothing is lost. Run 'selfrenew renew' again."
)
STOPPED_BETWEEN: Final = text(
    "Stopped by Ctrl-C. The {done} certificate is renewed, the {slot} certificate still has to be "
    "renewed. Run 'selfrenew renew' again."
)
STOPPED_AFTER: Final = text(
    "Stopped by Ctrl-C. Both certificates are renewed and on the card. Take the card out, put it "
    "back and sign in."
)
PROGRESS_INSPECTED: Final = text("The card was read and its keys were tried.")
PROGRESS_PREFLIGHT: Final = text("CA, card management and Spine answer.")
PROGRESS_AUTHENTICATED: Final = text("Card management opened the card for the renewal.")
PROGRESS_STARTED: Final = text(
    "The {slot} certificate is renewed; the {voucher} certificate vouches."
)
PROGRESS_KEY: Final = text("The card made a new {slot} key.")
PROGRESS_ISSUED: Final = text(
    "The CA issued the new {slot} certificate, valid until {until:%d %B %Y}."
)
PROGRESS_WRITTEN: Final = text("The new {slot} certificate is on the card and goes with its key.")
PROGRESS_CONFIRMED: Final = text("The CA knows; the old {slot} certificate no longer counts.")
PROGRESS_SIGNED_IN: Final = text("Signed in to the Spine with the new certificate.")
SLOT_STATES: Final = {
    "valid": phrase("valid"),
    "due": phrase("due"),
    "expired": phrase("expired"),
    "missing": phrase("missing"),
    "corrupt": phrase("corrupt"),
    "mismatched": phrase("mismatched"),
    "not accepted": phrase("not accepted"),
    "unsupported": phrase("unsupported"),
}
"""What a person calls the state of a certificate."""
ANOTHER_PERSONS: Final = phrase("{state}, another person's")
TWO_SLOTS: Final = phrase("{first} and {second}")
SLOT_NAMES: Final = {0x9A: phrase("authentication"), 0x9C: phrase("signing")}
"""What a person calls the certificate of a key reference."""
CARD_SWAPPED: Final = text(
    "Another card is in the reader than when you signed in. Nothing was changed: put your own card "
    "in and start again."
)
WRITTEN_WRONG: Final = text("The card did not keep the new certificate as it was written.")
SIGNED_IN_ANOTHER: Final = text("The Spine signed in another certificate.")
REMOTE_DESKTOP: Final = text(
    "You are linked to this computer by {how}. You can sign in from there, but the card must not "
    "be changed over such a link: renew it, unlock it or change its passcode at a computer that "
    "you sit at, with the card in its reader. Nothing was changed."
)
