# SPDX-License-Identifier: Apache-2.0
"""What is known after a run, for those who judge it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .oracle import CardFound, Holder, Issued
from .timeline import Timeline

PASSCODE = "73519408"
"""Of digits that turn up nowhere by chance, so that it is found where it has no place."""
NEW_PASSCODES = ("64208197", "58104726", "41975063")
"""What each run of an unlock or a change of the passcode sets."""


@dataclass(frozen=True)
class Found:
    """The card and the CA at one moment."""

    card: CardFound
    issued: tuple[Issued, ...]
    now: datetime
    holder: Holder

    @cached_property
    def usable(self) -> set[str]:
        """The slots whose key has a certificate that counts."""
        return self.card.usable(self.issued, self.now, self.holder)

    def usable_at(self, moment: datetime) -> set[str]:
        """Name the same at another moment."""
        if moment == self.now:
            return self.usable
        return self.card.usable(self.issued, moment, self.holder)


@dataclass(slots=True)
class Evidence:
    """One run: before and after it, how it ended, what went by, and which faults struck.

    `code` None is a program that was killed. `gaps` are what must not have been at any instant, and
    was. `puks` are what card management takes for the card's unlocking key. `others_touched` is
    whether another person's card, put in instead, was changed.
    """

    before: Found
    after: Found
    code: int | None
    text: str
    told: Sequence[str]
    timeline: Timeline
    struck: Sequence[str]
    gaps: list[str] = field(default_factory=list)
    puks: Sequence[str] = ()
    attempt: int = 0
    others_touched: bool = False
