# SPDX-License-Identifier: Apache-2.0
"""What services refuse, and whom to turn to."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

_NEW_CODE = text("Run 'selfrenew unlock' again for a new code.")

REFUSAL_REMEDIES: Final = {
    "expired": text("Visit your Registration Authority with your smartcard."),
    # A certificate that was never confirmed is withdrawn after a while, and counts as revoked.
    "revoked": text(
        "If a renewal was interrupted, run 'selfrenew renew' to finish it; otherwise visit your "
        "Registration Authority with your smartcard."
    ),
    "superseded": text(
        "A newer certificate was issued to you: use the card that has it, or visit your "
        "Registration Authority."
    ),
    "pending": text("Run 'selfrenew renew' to finish the renewal."),
    "unknown": text(
        "Check that card and services belong together, or visit your Registration Authority."
    ),
    "bad_signature": text(
        "If a renewal was interrupted, run 'selfrenew renew' to finish it; otherwise visit your "
        "Registration Authority."
    ),
    "no_such_person": text("Ask your Registration Authority."),
    "wrong_code": text("Enter the code of the latest email."),
    "code_expired": _NEW_CODE,
    "no_tries_left": _NEW_CODE,
    "unknown_unlock": _NEW_CODE,
    "handed_out": _NEW_CODE,
    "mail_down": text(
        "Try again in a few minutes; if it stays so, visit your Registration Authority with your "
        "smartcard."
    ),
}
"""What to do where a service refuses, by its reason."""
TRY_AGAIN_LATER: Final = text("Try again later.")
TRY_AGAIN_IN: Final = plural(
    "seconds", "Try again in {seconds} second.", "Try again in {seconds} seconds."
)
SERVICE_BUSY: Final = text("{attempted} failed: {detail} ({reason}).")
REFUSAL_REMEDY: Final = text(
    "Try again later; if it stays so, show this text to your IT service desk."
)
# Translators: exactly as it stands in the texts that send somebody there.
REGISTRATION_AUTHORITY: Final = phrase("Registration Authority")
# Translators: exactly as it stands in the texts that send somebody there.
IT_SERVICE_DESK: Final = phrase("IT service desk")
CONTACT_REGISTRATION_AUTHORITY: Final = text("Registration Authority: {contact}.")
CONTACT_IT: Final = text("IT service desk: {contact}.")
SERVICE_REFUSED: Final = text("{attempted} was refused: {detail} ({reason}).")
PROBING: Final = phrase("Asking whether {service} is there")
SERVICE_FAILED: Final = text("{attempted} failed: {service} answered {status}. Try again later.")
NO_JSON: Final = text(
    "{attempted}: {service} answered {status} without a JSON object. Check its address in the "
    "configuration."
)
NO_FIELD: Final = text(
    "{service} answered without a readable '{field}'. Its version does not go with this program's."
)
NO_TOKEN: Final = text(
    "{service} answered with a '{field}' that is no token. Its version does not go with this "
    "program's."
)
SIGNING_IN: Final = phrase("Signing in to the Spine")
CHOOSING_ROLE: Final = phrase("Choosing the role {role}")
VALIDATING: Final = phrase("Validating the ticket with the Spine")
LOGGING_OUT: Final = phrase("Logging out of the Spine")
NO_ROLE_LIST: Final = text("{service} answered without a list of roles.")
NO_LOGOUT_PATH: Final = text("{service} answered with a logout_url that is no path.")
NO_ROLE_OBJECT: Final = text("{service} answered with a role that is no object.")
NO_SERIAL: Final = text("{service} answered with a serial number that is none.")
ASKING_CONSENT: Final = phrase("Asking card management for its consent")
UNKNOWN_ALGORITHM: Final = text(
    "{service} names the algorithm {algorithm}, which this program does not know. Update it."
)
AUTHENTICATING: Final = phrase("Authenticating card management to the card")
NO_HEXADECIMAL: Final = text("{service} answered no hexadecimal bytes.")
STARTING_UNLOCK: Final = phrase("Starting the unlock with card management")
CONFIRMING_CODE: Final = phrase("Confirming the code")
FETCHING_KEY: Final = phrase("Fetching the unlocking key")
NO_UNLOCKING_KEYS: Final = text("{service} answered without unlocking keys. Try again later.")
REPORTING_REFUSAL: Final = phrase("Reporting an unlocking key that the card has not")
REPORTING_KEY: Final = phrase("Reporting the replaced unlocking key")
UNUSABLE_UNLOCKING_KEY: Final = text(
    "{service} answered with an unlocking key that no card takes. Try again later."
)
NO_DETAIL: Final = phrase("no detail")

SERVICE_NAMES: Final = {
    "the Spine": phrase("the Spine"),
    "card management": phrase("card management"),
    "the Smartcard Service": phrase("the Smartcard Service"),
}
"""What a person calls a service, within a sentence."""
