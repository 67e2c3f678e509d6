# SPDX-License-Identifier: Apache-2.0
"""Whole campaigns, small ones: their counts, their file, and what they are interrupted with."""

import json
from pathlib import Path
from typing import Any

import pytest

from selfrenew_emulator.campaign.book import Book, BookError
from selfrenew_emulator.campaign.campaign import Order, run_campaign
from selfrenew_emulator.campaign.case import Scenario
from selfrenew_emulator.campaign.client import REFERENCE, NoClientError, replay_command
from selfrenew_emulator.campaign.plan import settings
from selfrenew_emulator.campaign.result import Result, Verdict
from selfrenew_emulator.card import Personality

CHANGES = settings([Scenario.CHANGE_PASSCODE], ["p256"], [Personality.PIV])


def order(**changed: Any) -> Order:
    return Order(**{"settings": CHANGES, "sample": 4, "workers": 1, **changed})


def test_a_campaign_plays_what_was_drawn_and_counts_it() -> None:
    outcome = run_campaign(order(pairs=3, kills=1))
    assert outcome.failures == []
    assert outcome.summary()["kinds"] == {"change-passcode": 4, "pairs": 3, "sigkill": 1}
    assert sum(outcome.summary()["verdicts"].values()) == outcome.played == 8
    assert not outcome.interrupted


def test_a_campaign_goes_on_from_its_file(tmp_path: Path) -> None:
    book = tmp_path / "results"
    first = run_campaign(order(book=book))
    kept = book.read_bytes()
    begun: list[tuple[int, int]] = []
    wider = order(sample=6, book=book)
    second = run_campaign(wider, begin=lambda planned, known: begun.append((planned, known)))
    assert begun == [(6, 6 - second.played)]
    assert (first.played, len(book.read_bytes().splitlines())) == (4, 1 + 4 + second.played)
    assert book.read_bytes().startswith(kept)
    assert len(second.results) == 6


def test_what_is_in_the_file_and_not_in_the_plan_is_not_counted(tmp_path: Path) -> None:
    book = tmp_path / "results"
    run_campaign(order(book=book))
    again = run_campaign(order(sample=1, book=book))
    assert (again.played, len(again.results)) == (0, 1)


def test_what_has_come_is_kept_when_a_campaign_is_interrupted(tmp_path: Path) -> None:
    book = tmp_path / "results"

    def interrupt(_: Result) -> None:
        raise KeyboardInterrupt

    outcome = run_campaign(order(book=book), report=interrupt)
    assert outcome.interrupted
    assert len(outcome.results) == 1
    assert run_campaign(order(book=book)).played == 3


def test_a_line_that_was_cut_off_is_played_again(tmp_path: Path) -> None:
    book = tmp_path / "results"
    run_campaign(order(book=book))
    whole = book.read_bytes()
    book.write_bytes(whole[:-20])
    assert run_campaign(order(book=book)).played == 1
    assert book.read_bytes().count(b"\n") == 5


class InterruptedBook(Book):
    """Ctrl-C comes upon the first result, before it is written or right behind that."""

    written: bool | None = None

    def _write(self, found: dict[str, Any]) -> None:
        written, self.written = self.written, None
        if written is not False:
            super()._write(found)
        if written is not None:
            raise KeyboardInterrupt


@pytest.mark.parametrize("written", [False, True])
def test_a_result_that_ctrl_c_came_upon_is_in_the_file_and_counts_once(
    tmp_path: Path, written: bool
) -> None:
    path = tmp_path / "results"
    (found,) = (each.as_json() for each in run_campaign(order(sample=1)).results)
    with InterruptedBook(path, client=REFERENCE, seed="1") as book:
        book.written = written
        with pytest.raises(KeyboardInterrupt):
            book.add(found)
    with Book(path, client=REFERENCE, seed="1") as again:
        assert [each.as_json() for each in again.results] == [found]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no JSON\n", "no file of results"),
        (b'{"campaign": 2, "client": "x", "seed": "1"}\n', "another version"),
        (b'{"campaign": 1, "client": "x", "seed": "1"}\n', "of the client 'x'"),
        (
            json.dumps({"campaign": 1, "client": REFERENCE, "seed": "2"}).encode() + b"\n",
            "of the seed '2'",
        ),
    ],
)
def test_a_file_that_cannot_be_gone_on_from_is_left_as_it_is(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "results"
    path.write_bytes(content)
    with pytest.raises(BookError, match=said), Book(path, client=REFERENCE, seed="1"):
        pass
    assert path.read_bytes() == content


def test_a_program_that_is_not_there_is_told_before_anything_is_played() -> None:
    with pytest.raises(NoClientError, match="MODULE:NAME"):
        run_campaign(order(client="selfrenew.nothing:here"))


def test_a_broken_program_is_found_by_a_campaign() -> None:
    renewals = settings([Scenario.RENEWAL], ["p256"], [Personality.PIV])
    outcome = run_campaign(
        order(settings=renewals, sample=12, client="tests.campaign.mutants:silent")
    )
    assert outcome.failures
    assert {each.verdict for each in outcome.failures} == {Verdict.FAILED}


@pytest.mark.parametrize(
    ("client", "seed", "command"),
    [
        (REFERENCE, "1", "selfrenew-emulator campaign --replay 'renewal p256 piv'"),
        (
            "a:b",
            "7",
            "selfrenew-emulator campaign --client a:b --seed 7 --replay 'renewal p256 piv'",
        ),
    ],
)
def test_the_line_that_repeats_a_case_has_what_it_was_played_with(
    client: str, seed: str, command: str
) -> None:
    assert replay_command("renewal p256 piv", client, seed) == command
