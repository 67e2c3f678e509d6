# SPDX-License-Identifier: Apache-2.0
"""The agent's windows, on a virtual screen, answered by its keyboard."""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from selfrenew.agent.dialogs import Answer, open_dialogs
from selfrenew.agent.dialogs.windows import WindowDialogs
from selfrenew.secret import Secret
from selfrenew.services import Role
from tests.agent.notices import ROLES, URL, make_notice

from .conftest import SCREEN, WAIT_SECONDS, Type

Meanwhile = Callable[[Callable[[], Any]], Future[Any]]


def answer_with(hands: Type, title: str, *keys: str) -> Callable[[], str]:
    def answer() -> str:
        hands("search", "--sync", "--onlyvisible", "--name", title)
        return hands("key", "--delay", "30", *keys)

    return answer


def clipboard() -> str:
    """Read the clipboard, once somebody has put something there."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        read = subprocess.run(
            ["xclip", "-selection", "clipboard", "-o"],  # noqa: S607
            check=False,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
        )
        if read.returncode == 0:
            return read.stdout
    raise AssertionError("nothing was copied")


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("Return",), Answer.YES),
        (("space",), Answer.YES),
        (("Tab", "space"), Answer.NO),
        (("Tab", "Return"), Answer.NO),
        (("Escape",), Answer.NO),
    ],
)
def test_the_notice_is_answered_by_keyboard(
    dialogs: WindowDialogs,
    hands: Type,
    meanwhile: Meanwhile,
    keys: tuple[str, ...],
    answer: Answer,
) -> None:
    meanwhile(answer_with(hands, "Smartcard expiry", *keys))
    assert dialogs.show_notice(make_notice()) is answer


def test_the_passcode_is_typed_and_comes_back_as_a_secret(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    meanwhile(answer_with(hands, "Sign in", *"123456", "Return"))
    assert dialogs.ask_passcode() == Secret("123456")


def test_escape_gives_no_passcode(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    meanwhile(answer_with(hands, "Sign in", *"123", "Escape"))
    assert dialogs.ask_passcode("told before") is None


def test_another_role_is_picked_by_keyboard(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    meanwhile(answer_with(hands, "Choose a role", "Tab", "space", "Return"))
    assert dialogs.choose_role(ROLES) == ROLES[1]


def test_what_an_arrow_key_goes_to_is_what_is_chosen(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    meanwhile(answer_with(hands, "Choose a role", "Down", "Return"))
    assert dialogs.choose_role(ROLES) == ROLES[1]


def test_more_roles_than_the_screen_has_room_for_are_scrolled_to(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    roles = [Role(f"R{number}", f"Role {number} " * 12, "Test Hospital") for number in range(30)]

    def look_and_choose() -> tuple[int, ...]:
        window = hands("search", "--sync", "--onlyvisible", "--name", "Choose a role").split()[-1]
        told = hands("getwindowgeometry", "--shell", window)
        place = dict(line.split("=") for line in told.splitlines() if "=" in line)
        hands("key", "--delay", "30", *["Down"] * 25, "Return")
        return tuple(int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    placed = meanwhile(look_and_choose)
    assert dialogs.choose_role(roles) == roles[25]
    left, top, width, height = placed.result()
    assert left >= 0
    assert top >= 0
    assert left + width <= SCREEN[0]
    assert top + height <= SCREEN[1]


def test_a_link_is_titled_by_what_it_is_about(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    meanwhile(answer_with(hands, "Smartcard locked", "Escape"))
    dialogs.show_link("Copy this:", URL, title="Smartcard locked")


def test_the_link_is_copied(dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile) -> None:
    def copy_and_look() -> str:
        answer_with(hands, "Smartcard expiry", "space")()
        copied = clipboard()
        hands("key", "Escape")
        return copied

    copied = meanwhile(copy_and_look)
    dialogs.show_link("Copy this:", URL)
    assert copied.result() == URL


def test_a_window_is_taken_away_when_the_card_is(
    dialogs: WindowDialogs, hands: Type, meanwhile: Meanwhile
) -> None:
    def remove_the_card() -> None:
        hands("search", "--sync", "--onlyvisible", "--name", "Sign in")
        dialogs.dismiss()

    meanwhile(remove_the_card)
    assert dialogs.ask_passcode() is None


def test_closed_dialogs_ask_nothing_more(dialogs: WindowDialogs) -> None:
    dialogs.close()
    assert dialogs.show_notice(make_notice()) is None


def test_windows_are_chosen_where_there_is_a_display(display: str) -> None:
    assert isinstance(open_dialogs({"DISPLAY": display}), WindowDialogs)
