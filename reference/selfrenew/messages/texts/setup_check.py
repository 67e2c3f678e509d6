# SPDX-License-Identifier: Apache-2.0
"""The check of what the service needs."""

from typing import Final

from selfrenew.messages.marking import phrase, text

CHECK_HEADING: Final = phrase("Set-up check")
CHECK_INTRODUCTION: Final = text(
    "This page checks what the service needs, from where you sit. Print the result or copy it for "
    "the service desk; it has no personal data in it."
)
CHECK_NO_SCRIPT: Final = text(
    "JavaScript is switched off, so only this browser and this server could be checked. What is "
    "on this computer stays unknown."
)
CHECK_TABLE_LABEL: Final = phrase("Results")
CHECK_WHAT_LABEL: Final = phrase("Checked")
CHECK_RESULT_LABEL: Final = phrase("Result")
CHECK_DETAIL_LABEL: Final = phrase("Details")
CHECK_OK_LABEL: Final = phrase("OK")
CHECK_FAILED_LABEL: Final = phrase("Problem")
CHECK_UNKNOWN_LABEL: Final = phrase("Unknown")
CHECK_RUNNING_LABEL: Final = phrase("Checking")
CHECK_RUNNING: Final = text("The check is running.")
CHECK_DONE: Final = text("The check is complete: {problems} problems.")
CHECK_NO_PROBLEM: Final = text("The check is complete: everything that is needed is there.")
CHECK_ONE_PROBLEM: Final = text("The check is complete: one problem.")
CHECK_PRINT_BUTTON: Final = phrase("Print this report")
CHECK_AGAIN_BUTTON: Final = phrase("Check again")
CHECK_REPORT_LABEL: Final = phrase("Report for the service desk")
CHECK_TIME_LABEL: Final = phrase("Time")
CHECK_NAMES: Final = {
    "browser": phrase("Browser"),
    "server": phrase("This service"),
    "server-spine": phrase("Spine, from this service"),
    "agent": phrase("Smartcard software"),
    "reader": phrase("Smartcard reader"),
    "card": phrase("Smartcard"),
    "ca": phrase("Certificate authority"),
    "management": phrase("Card management"),
    "spine": phrase("Spine"),
    "portal": phrase("This service, from the smartcard software"),
}
"""What each check looks at."""
CHECK_BROWSER_OK: Final = text("{browser} can be used.")
CHECK_SERVER_OK: Final = text("It answered.")
CHECK_SPINE_OK: Final = text("It answers.")
CHECK_SPINE_FAILED: Final = text("It does not answer. Signing in and renewing have to wait.")
CHECK_AGENT_OK: Final = text("Version {version} answers.")
CHECK_NEEDS_AGENT: Final = text("It can only be checked by the smartcard software.")
