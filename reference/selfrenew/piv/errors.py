# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between the PIV client and a card.

PivError
├── NotPivCardError            the card has no PIV application
├── CardAnswerError            a status word that ends the command
│   └── NotAuthenticatedError  the card wants a passcode or the management key first
├── WrongPasscodeError         with the tries left
├── PasscodeBlockedError
│   └── GlobalPinBlockedError  and no unlocking key resets it
├── WrongPukError              with the tries left
├── PukBlockedError
├── GlobalPinError             the passcode is one that no unlocking key resets
└── UnreadableObjectError      a data object is there but cannot be understood
"""

from selfrenew import messages
from selfrenew.iso7816 import describe_status


class PivError(Exception):
    """A card did not do what was asked of it."""


class NotPivCardError(PivError):
    """The card answers, but has no PIV application."""

    def __init__(self, sw: int) -> None:
        super().__init__(messages.NOT_PIV.format(answer=describe_status(sw)))
        self.sw = sw


class CardAnswerError(PivError):
    """The card refused a command with a status word nothing more precise is known about."""

    def __init__(self, attempted: str, sw: int) -> None:
        super().__init__(
            messages.CARD_REFUSED.format(attempted=attempted, answer=describe_status(sw))
        )
        self.attempted = attempted
        self.sw = sw


class NotAuthenticatedError(CardAnswerError):
    """The card wants the passcode, or card management's consent, before it does this."""


class WrongPasscodeError(PivError):
    """The passcode was wrong and a try is used up."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(messages.WRONG_PASSCODE.format(tries_left=tries_left))
        self.tries_left = tries_left


class PasscodeBlockedError(PivError):
    """No tries are left for the passcode."""

    def __init__(self, told: str | None = None) -> None:
        super().__init__(messages.LOCKED if told is None else told)


class GlobalPinBlockedError(PasscodeBlockedError):
    """No tries are left for the passcode, which is the card's Global PIN."""

    def __init__(self) -> None:
        super().__init__(messages.GLOBAL_PIN_LOCKED)


class WrongPukError(PivError):
    """The unlocking key from card management does not open this card."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(messages.WRONG_UNLOCKING_KEY.format(tries_left=tries_left))
        self.tries_left = tries_left


class PukBlockedError(PivError):
    """No tries are left for the unlocking key either."""

    def __init__(self) -> None:
        super().__init__(messages.UNLOCKING_KEY_BLOCKED)


class GlobalPinError(PivError):
    """The card's passcode is its Global PIN, which PIV has no command to reset."""

    def __init__(self) -> None:
        super().__init__(messages.GLOBAL_PIN_NOT_UNLOCKED)


class UnreadableObjectError(PivError):
    """A data object on the card is damaged."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(messages.UNREADABLE.format(what=what, why=why.rstrip(".")))
        self.what = what
