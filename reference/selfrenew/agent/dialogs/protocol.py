# SPDX-License-Identifier: Apache-2.0
"""The questions, whoever asks them."""

from collections.abc import Sequence
from enum import Enum, unique
from typing import Protocol

from selfrenew.agent.notice import ExpiryNotice
from selfrenew.secret import Secret
from selfrenew.services import Role


@unique
class Answer(Enum):
    """What a person says to the notice."""

    YES = "yes"
    NO = "no"


class Dialogs(Protocol):
    """Asks one question at a time, in the thread that calls; None where it was not answered.

    `dismiss` and `close` may be called by any thread or signal handler: the card is out, or the
    agent ends.
    """

    def ask_passcode(self, told: str = "") -> Secret | None:
        """Ask for the passcode; `told` is what was wrong with the last one."""

    def choose_role(self, roles: Sequence[Role]) -> Role | None:
        """Let the person pick one of her roles."""

    def show_notice(self, notice: ExpiryNotice) -> Answer | None:
        """Show the notice of expiry and have it answered."""

    def show_link(self, text: str, url: str, *, title: str | None = None) -> None:
        """Show an address to copy, until it is put away; it is about expiry without a title."""

    def tell(self, text: str) -> None:
        """Say something that needs no answer."""

    def dismiss(self) -> None:
        """Leave the standing question unanswered, and any that comes before `resume`."""

    def resume(self) -> None:
        """Let questions be asked again: another card is in."""

    def close(self) -> None:
        """Dismiss, and ask nothing more."""
