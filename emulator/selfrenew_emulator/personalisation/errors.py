# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while a card is made.

PersonalisationError
├── CardRefusesError            the card answered a command with another status than success
├── CardAnswerError             the card's answer to a command is none that can be read
├── EnrolmentFailedError        the CA gave no certificate
└── SecureMessagingSignerError  a content signer cannot sign for secure messaging
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


class CardAnswerError(PersonalisationError):
    """A card answered nothing, or what nobody can read."""

    def __init__(self, attempted: str, reason: str) -> None:
        super().__init__(
            f"{attempted} failed: the card's answer cannot be read ({reason}). Make the card anew."
        )


class EnrolmentFailedError(PersonalisationError):
    """The CA was asked for a certificate and gave none."""

    def __init__(self, profile: str, reason: str) -> None:
        super().__init__(
            f"Asking the CA for the {profile} certificate failed: {reason}. "
            "Check that the stage is running and that its enrolment is the one given."
        )


class SecureMessagingSignerError(PersonalisationError):
    """The content signer cannot sign a card verifiable certificate."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Signing the card's secure messaging certificate failed: the content signer is of no "
            f"use for it, {reason}. Name another signer."
        )
