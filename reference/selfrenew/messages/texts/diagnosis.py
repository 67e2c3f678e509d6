# SPDX-License-Identifier: Apache-2.0
"""Why somebody has been logged out, and what to do about it."""

from typing import Final

from selfrenew.messages.marking import phrase, text

DIAGNOSIS_HEADINGS: Final = {
    "unsupported-browser": phrase("This browser cannot be used for this service"),
    "ie-mode": phrase("This page was opened in Internet Explorer mode"),
    "no-session": phrase("You are not signed in with your smartcard"),
    "agent-missing": phrase("The smartcard software is not running on this computer"),
    "agent-old": phrase("The smartcard software on this computer is too old"),
    "agent-blocked": phrase("Your browser keeps this page from the smartcard software"),
    "no-javascript": phrase("JavaScript is switched off in your browser"),
    "wrong-operation": phrase("The address is not complete"),
    "service-fault": phrase("This service has a fault"),
}
"""Which cause of 'You have been logged out' it is."""
DIAGNOSIS_TEXTS: Final = {
    "unsupported-browser": text(
        "Copy the link below and open it in one of the browsers that can be used. Your smartcard "
        "was not touched."
    ),
    "ie-mode": text(
        "In Microsoft Edge, leave Internet Explorer mode, or copy the link below and open it in "
        "another browser that can be used. If the page opens in this mode by itself, ask IT "
        "support to take it off the list of such sites."
    ),
    "no-session": text(
        "Put your smartcard in the reader, enter your passcode when you are asked for it, and open "
        "the link below again."
    ),
    "agent-missing": text(
        "The program that reads your smartcard does not answer. Sign out of the computer and in "
        "again, or ask IT support to install or start the smartcard software. Your smartcard was "
        "not touched."
    ),
    "agent-old": text(
        "The program that reads your smartcard is of an older version than this page needs. Ask IT "
        "support to update it. Your smartcard was not touched."
    ),
    "agent-blocked": text(
        "When your browser asks whether this site may reach apps or devices on this computer or "
        "network, choose to allow it. If it was refused before, open the settings of this site "
        "beside its address and allow it there, or ask IT support to allow it for everybody."
    ),
    "no-javascript": text(
        "This page speaks to your smartcard by JavaScript. Allow it for this site, or ask IT "
        "support to allow it, and open the link below again."
    ),
    "wrong-operation": text(
        "The end of the link is missing or was changed. Copy the link below as it stands and open "
        "it again."
    ),
    "service-fault": text(
        "Something in the service itself went wrong. Your smartcard was not touched. Try again "
        "later, or ask your Registration Authority."
    ),
}
"""What to do about each cause."""
DIAGNOSIS_THIS_BROWSER: Final = text("You are using {browser}.")
DIAGNOSIS_UNKNOWN_BROWSER: Final = text("Your browser does not say which one it is.")
DIAGNOSIS_BROWSERS_HEADING: Final = phrase("Browsers that can be used")
DIAGNOSIS_BROWSER_LABEL: Final = phrase("Browser")
DIAGNOSIS_LOWEST_LABEL: Final = phrase("Version")
DIAGNOSIS_LOWEST_VERSION_LABEL: Final = phrase("{version} or later")
DIAGNOSIS_ANY_VERSION_LABEL: Final = phrase("Any")
DIAGNOSIS_PLATFORMS_LABEL: Final = phrase("On")
DIAGNOSIS_LINK_HEADING: Final = phrase("Link to this service")
DIAGNOSIS_LINK_LABEL: Final = phrase(
    "Copy this link into the address bar of a browser that can be used"
)
DIAGNOSIS_CONTACT: Final = text(
    "Contact IT support within your organisation and have them verify that your machine is "
    "configured correctly, or visit your Registration Authority and ask them to renew your "
    "certificates for you."
)
BROWSER_REASONS: Final = {
    "ie-mode": text("Internet Explorer's engine cannot show this page."),
    "retired": text("Internet Explorer is no longer kept up to date and cannot show this page."),
    "loopback-blocked": text(
        "It does not let a page reach the smartcard software on this computer."
    ),
    "no-reader": text("Phones and tablets have no smartcard reader that this service can use."),
    "no-applets": text("It does not run the applet that the service consisted of."),
    "too-old": text("This version is too old."),
    "wrong-platform": text("It can be used, but not on this operating system."),
    "not-listed": text("It is not among the browsers that were tried with this service."),
}
"""Why a browser cannot be used, by the word in the table of browsers."""
