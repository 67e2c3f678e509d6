# SPDX-License-Identifier: Apache-2.0
"""The command line itself."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

STOPPED: Final = text("Stopped by Ctrl-C. No renewal was in progress.")
BUG: Final = text(
    "A fault of this program ({kind}) ended it. A renewal that was in progress goes on when it is "
    "run again. Run it with -v for the details to report."
)
CANCELLED: Final = text("Cancelled.")
SEE_HELP: Final = text("{text} See '{path} --help'.")
NO_MOMENT: Final = text("'{value}' is no moment such as 2026-03-02T09:00:00Z.")
STATUS_CARD: Final = phrase("Card {guid} in {reader}")
STATUS_RENEWAL: Final = phrase("Renewal: {standing}")
RENEWED_CERTIFICATE: Final = phrase("{slot} certificate (serial, valid until)")
RENEWED_OLD: Final = phrase("old: {certificate}")
RENEWED_NEW: Final = phrase("new: {certificate}")
SERIAL_AND_END: Final = phrase("{serial}, {end:%d %B %Y}")
STATUS_TRIES: Final = plural("tries", "Passcode: {tries} try left", "Passcode: {tries} tries left")
STATUS_LOCKED: Final = text(
    "Passcode: locked. Unlock your smartcard with 'selfrenew unlock' first."
)
STATUS_LOCKED_FOR_GOOD: Final = text(
    "Passcode: locked. It is shared with other applications on the card and cannot be unlocked by "
    "self-service: see your Registration Authority."
)
STATUS_NO_CERTIFICATE: Final = phrase("{name} certificate ({reference}): {state}")
STATUS_CERTIFICATE: Final = plural(
    "days",
    "{name} certificate ({reference}): {state}, {days} day left, until {expires:%d %B %Y, %H:%M} "
    "UTC, serial {serial}",
    "{name} certificate ({reference}): {state}, {days} days left, until {expires:%d %B %Y, %H:%M} "
    "UTC, serial {serial}",
)
