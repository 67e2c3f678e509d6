# SPDX-License-Identifier: Apache-2.0
"""The two kinds of session that the service has had."""

from enum import StrEnum, unique


@unique
class SessionMode(StrEnum):
    """What taking the card out does to the session of its holder."""

    CIS1 = "cis1"
    """It ends the session."""
    CIS2 = "cis2"
    """The session goes on, so that a proof of the new certificate needs a fresh sign-in."""
