# SPDX-License-Identifier: Apache-2.0
"""Dialogs that a test answers ahead, and that tell what was asked."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from selfrenew.agent import ExpiryNotice
from selfrenew.agent.dialogs import Answer
from selfrenew.agent.dialogs.dismissable import Dismissable
from selfrenew.secret import Secret
from selfrenew.services import Role

WAIT_SECONDS = 60


@dataclass
class ScriptedDialogs(Dismissable):
    """Each question is put into `asked` and waits for its answer; dismissing answers None."""

    asked: "queue.Queue[tuple[str, Any]]" = field(default_factory=queue.Queue)
    answers: "queue.Queue[Any]" = field(default_factory=queue.Queue)
    title: str | None = None
    """Of the last link that was shown."""

    def __post_init__(self) -> None:
        super().__init__()

    def ask_passcode(self, told: str = "") -> Secret | None:
        passcode: Secret | None = self._ask("passcode", told)
        return passcode

    def choose_role(self, roles: Sequence[Role]) -> Role | None:
        number = self._ask("role", roles)
        return None if number is None else roles[number]

    def show_notice(self, notice: ExpiryNotice) -> Answer | None:
        answer: Answer | None = self._ask("notice", notice)
        return answer

    def show_link(self, text: str, url: str, *, title: str | None = None) -> None:
        self.title = title
        self._tell("link", (text, url))

    def tell(self, text: str) -> None:
        self._tell("told", text)

    def expect(self, kind: str) -> Any:
        """Wait for the next question, which has to be of a kind; give what it was about."""
        asked, about = self.asked.get(timeout=WAIT_SECONDS)
        assert asked == kind, (asked, about)
        return about

    def _tell(self, kind: str, about: object) -> None:
        with self._question() as may:
            if may:
                self.asked.put((kind, about))

    def _ask(self, kind: str, about: object) -> Any:
        with self._question() as may:
            if not may:
                return None
            self.asked.put((kind, about))
            return self.answers.get(timeout=WAIT_SECONDS)

    def _take_away(self) -> None:
        self.answers.put(None)

    def _forget(self) -> None:
        while not self.answers.empty():
            self.answers.get()
