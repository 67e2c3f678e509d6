# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while a card is made.

PersonalisationError
├── CardRefusesError      the card answered a command with another status than success
└── EnrolmentFailedError  the CA gave no certificate
"""

from selfrenew.iso7816 import describe_status


class PersonalisationError(Exception):
    """A card could not be made."""


class CardRefusesError(PersonalisationError):
    """The card refused a step; `sw` is its status word."""

    def __init__(self, attempted: str, sw: int) -> None:
        self.sw = sw
        super().__init__(
            f"{attempted} failed: the card answered {describe_status(sw)}. Make the card anew."
        )


class EnrolmentFailedError(PersonalisationError):
    """The CA was asked for a certificate and gave none."""

    def __init__(self, profile: str, reason: str) -> None:
        super().__init__(
            f"Asking the CA for the {profile} certificate failed: {reason}. "
            "Check that the stage is running and that its enrolment is the one given."
        )
