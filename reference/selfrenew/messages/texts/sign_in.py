# SPDX-License-Identifier: Apache-2.0
"""The notice of expiry, and signing in."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

NOTICE: Final = plural(
    "days_left",
    "Your smartcard's certificates expire in {days_left} day, on {expires:%d %B %Y}. "
    "Do you want to renew them now?",
    "Your smartcard's certificates expire in {days_left} days, on {expires:%d %B %Y}. "
    "Do you want to renew them now?",
)
NOTICE_TODAY: Final = text(
    "Your smartcard's certificates expire in less than a day, at {expires:%H:%M} UTC on "
    "{expires:%d %B %Y}. Do you want to renew them now?"
)
NOTICE_UNSUPPORTED: Final = text(
    "Your smartcard's certificates expire on {expires:%d %B %Y, %H:%M} UTC. They cannot be renewed "
    "by self-service, because one of them is of a kind that is not known here. Visit your "
    "Registration Authority with your smartcard before that."
)
NOTICE_LATER: Final = text("You can renew at any time until then: {url}")
EXPIRED_AT_SIGN_IN: Final = text(
    "Your certificate expired on {since:%d %B %Y at %H:%M} UTC, so you cannot sign in with it. "
    "If a renewal was interrupted, run 'selfrenew renew' to finish it; otherwise visit your "
    "Registration Authority with your smartcard."
)
NO_CERTIFICATE: Final = text(
    "No certificate was found to perform authentication. If a renewal was interrupted, run "
    "'selfrenew renew' to finish it; otherwise visit your Registration Authority with your "
    "smartcard."
)
UNSUPPORTED_AT_SIGN_IN: Final = text(
    "The authentication certificate on your smartcard is of a kind that is not known here, so you "
    "cannot sign in with it. Visit your Registration Authority with your smartcard."
)
SIGNED_IN: Final = text("Signed in to the Spine as {name}.")
ROLE_OF_SEVERAL: Final = plural(
    "number",
    "Your only role was chosen.",
    "The first of your {number} roles was chosen; --role chooses another.",
)
NO_ROLES: Final = text("You have no roles.")
CHOOSE_ROLE: Final = phrase("Number of the role to work in")
CERTIFICATE_USED: Final = text("The certificate that signed in has the serial number {serial}.")
NOTICE_NOW: Final = text("Renew here: {url}, or run 'selfrenew renew'.")
TICKET_REFUSED: Final = text(
    "Validating the ticket with the Spine came back as not valid ({reason}). Sign in again."
)
NO_SUCH_ROLE: Final = text(
    "You do not have the role '{wanted}'. Your roles are: {roles}. Choose one of these."
)
NO_REASON: Final = phrase("no reason")
