# SPDX-License-Identifier: Apache-2.0
"""The agent's questions at a terminal."""

import io
import os
import pty
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from selfrenew.agent.dialogs import Answer, TerminalDialogs, open_dialogs
from selfrenew.agent.errors import NoDialogsError
from selfrenew.secret import Secret

from .notices import ROLES, URL, make_notice


class Output(io.StringIO):
    """What was printed, and a wait for words of it."""

    def __init__(self) -> None:
        super().__init__()
        self.more = threading.Condition()

    def write(self, text: str) -> int:
        with self.more:
            count = super().write(text)
            self.more.notify_all()
        return count

    def wait_for(self, words: str) -> None:
        with self.more:
            assert self.more.wait_for(lambda: words in self.getvalue(), 30), self.getvalue()


@dataclass
class Terminal:
    person: int
    dialogs: TerminalDialogs
    output: Output

    def type(self, words: str, at: str) -> None:
        """Type, once the terminal shows what is asked for."""

        def work() -> None:
            self.output.wait_for(at)
            os.write(self.person, words.encode())

        threading.Thread(target=work, daemon=True).start()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    person, program = pty.openpty()
    output = Output()
    with os.fdopen(program, "r") as stream:
        yield Terminal(person, TerminalDialogs(stream, output), output)
    os.close(person)


def test_the_passcode_is_not_shown(terminal: Terminal) -> None:
    terminal.type("123456\n", at="Passcode")
    assert terminal.dialogs.ask_passcode("Told before.") == Secret("123456")
    assert terminal.output.getvalue() == "Told before.\nPasscode: \n"
    os.set_blocking(terminal.person, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal.person, 100)


def test_the_terminal_shows_again_what_is_typed_afterwards(terminal: Terminal) -> None:
    terminal.type("123456\n", at="Passcode")
    terminal.dialogs.ask_passcode()
    assert termios.tcgetattr(terminal.person)[3] & termios.ECHO


def test_an_empty_line_is_no_passcode(terminal: Terminal) -> None:
    terminal.type("\n", at="Passcode")
    assert terminal.dialogs.ask_passcode() is None


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("yes", Answer.YES), ("Y", Answer.YES), ("no", Answer.NO), ("maybe\nn", Answer.NO)],
)
def test_the_notice_is_answered_in_words(terminal: Terminal, typed: str, answer: Answer) -> None:
    terminal.type(typed + "\n", at="Yes / No")
    assert terminal.dialogs.show_notice(make_notice()) is answer
    assert "expire in 30 days" in terminal.output.getvalue()
    assert "1A2B3C" in terminal.output.getvalue()


def test_a_role_is_picked_by_its_number(terminal: Terminal) -> None:
    terminal.type("7\n2\n", at="role")
    assert terminal.dialogs.choose_role(ROLES) == ROLES[1]


def test_the_link_has_a_line_of_its_own(terminal: Terminal) -> None:
    terminal.dialogs.show_link("Copy this:", URL)
    assert terminal.output.getvalue().splitlines() == ["Copy this:", URL]


def test_another_thread_takes_the_question_away(terminal: Terminal) -> None:
    def remove_the_card() -> None:
        terminal.output.wait_for("Passcode")
        terminal.dialogs.dismiss()

    threading.Thread(target=remove_the_card, daemon=True).start()
    assert terminal.dialogs.ask_passcode() is None
    assert termios.tcgetattr(terminal.person)[3] & termios.ECHO


def test_half_a_passcode_is_read_by_nobody(terminal: Terminal) -> None:
    def remove_the_card() -> None:
        terminal.output.wait_for("Passcode")
        os.write(terminal.person, b"123")
        terminal.dialogs.dismiss()

    threading.Thread(target=remove_the_card, daemon=True).start()
    assert terminal.dialogs.ask_passcode() is None
    terminal.dialogs.resume()
    terminal.type("456789\n", at="\nPasscode")
    assert terminal.dialogs.ask_passcode() == Secret("456789")


def test_nothing_is_asked_after_a_dismissal_until_it_is_resumed(terminal: Terminal) -> None:
    terminal.dialogs.dismiss()
    assert terminal.dialogs.show_notice(make_notice()) is None
    terminal.dialogs.resume()
    terminal.type("yes\n", at="Yes / No")
    assert terminal.dialogs.show_notice(make_notice()) is Answer.YES


def test_closed_dialogs_ask_nothing_more(terminal: Terminal) -> None:
    terminal.dialogs.close()
    assert terminal.dialogs.choose_role(ROLES) is None


def test_without_display_and_terminal_there_is_nobody_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(NoDialogsError, match="DISPLAY"):
        open_dialogs({})
