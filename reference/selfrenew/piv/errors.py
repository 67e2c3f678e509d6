# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between the PIV client and a card.

PivError
├── NotPivCardError            the card has no PIV application
├── CardAnswerError            a status word that ends the command
│   └── NotAuthenticatedError  the card wants a passcode or the management key first
├── WrongPasscodeError         with the tries left
├── PasscodeBlockedError
├── WrongPukError              with the tries left
├── PukBlockedError
└── UnreadableObjectError      a data object is there but cannot be understood
"""

from selfrenew.iso7816 import describe_status


class PivError(Exception):
    """A card did not do what was asked of it."""


class NotPivCardError(PivError):
    """The card answers, but has no PIV application."""

    def __init__(self, sw: int) -> None:
        super().__init__(
            f"Selecting the PIV application was answered {describe_status(sw)}: this is not an NHS "
            "smartcard that can be renewed here. Insert your NHS smartcard, or see your "
            "Registration Authority if this is it."
        )
        self.sw = sw


class CardAnswerError(PivError):
    """The card refused a command with a status word nothing more precise is known about."""

    def __init__(self, attempted: str, sw: int) -> None:
        super().__init__(
            f"{attempted} was answered {describe_status(sw)}. Nothing further was tried: "
            "take the card out, put it back and try again."
        )
        self.attempted = attempted
        self.sw = sw


class NotAuthenticatedError(CardAnswerError):
    """The card wants the passcode, or card management's consent, before it does this."""


class WrongPasscodeError(PivError):
    """The passcode was wrong and a try is used up."""

    def __init__(self, tries_left: int) -> None:
        tries = "try" if tries_left == 1 else "tries"
        super().__init__(
            f"The passcode you entered is not valid. You have {tries_left} remaining {tries}."
        )
        self.tries_left = tries_left


class PasscodeBlockedError(PivError):
    """No tries are left for the passcode."""

    def __init__(self) -> None:
        super().__init__(
            "Your smartcard is locked: the passcode was entered wrongly too often. "
            "Unlock it with 'selfrenew unlock' before renewing."
        )


class WrongPukError(PivError):
    """The unlocking key from card management does not open this card."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(
            "The card did not accept the unlocking key from card management "
            f"({tries_left} remaining). Nothing was changed: ask your Registration Authority."
        )
        self.tries_left = tries_left


class PukBlockedError(PivError):
    """No tries are left for the unlocking key either."""

    def __init__(self) -> None:
        super().__init__(
            "The card can no longer be unlocked by self-service: its unlocking key is blocked. "
            "See your Registration Authority."
        )


class UnreadableObjectError(PivError):
    """A data object on the card is damaged."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"The card's {what} cannot be read: {why.rstrip('.')}. "
            "If it is your own card, see your Registration Authority."
        )
        self.what = what
