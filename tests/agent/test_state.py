# SPDX-License-Identifier: Apache-2.0
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.agent.event_log import EventLog
from selfrenew.agent.state import AgentState, CardState, Situation


def test_each_change_is_logged_once_and_in_order() -> None:
    state, seen = AgentState(), list[Situation]()
    end = state.subscribe(seen.append)
    for card in (CardState.NO_CARD, CardState.NO_CARD, CardState.CARD):
        state.change(card)
    with state.operating():
        assert state.state is CardState.BUSY
    end()
    end()
    state.change(CardState.NO_CARD)
    assert [each.state.value for each in seen] == ["no_card", "card", "busy", "card"]
    assert [each.entry.state.value for each in state.log.after(0)] == [
        "no_reader", "no_card", "card", "busy", "card", "no_card",
    ]  # fmt: skip


def test_a_card_that_is_taken_out_shows_through_an_operation() -> None:
    state = AgentState()
    state.change(CardState.SIGNED_IN)
    with state.operating():
        state.change(CardState.NO_CARD)
        assert state.state is CardState.NO_CARD
    assert state.state is CardState.NO_CARD


def test_a_locked_card_is_told_until_it_is_unlocked() -> None:
    state = AgentState()
    state.lock()
    assert state.state is CardState.NO_READER
    state.change(CardState.CARD)
    state.lock()
    assert state.state is CardState.LOCKED
    state.unlock()
    assert state.state is CardState.CARD


def test_busy_is_not_for_the_desktop_to_say() -> None:
    with pytest.raises(ValueError, match="operating"):
        AgentState().change(CardState.BUSY)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(1, 10), st.integers(-5, 60))
def test_a_log_gives_what_came_after_any_number(entries: int, kept: int, number: int) -> None:
    log: EventLog[int] = EventLog(kept)
    for entry in range(1, entries + 1):
        log.append(entry)
    there = list(range(max(1, entries - kept + 1), entries + 1))
    wanted = [each for each in there if not 0 < number <= entries or each > number]
    assert [each.number for each in log.after(number)] == wanted
    assert [each.entry for each in log.after(number)] == wanted
    assert (log.last.number if log.last else 0) == entries


def test_a_log_takes_entries_from_many_threads_without_gaps() -> None:
    log: EventLog[int] = EventLog()
    threads = [
        threading.Thread(target=lambda: [log.append(0) for _ in range(100)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [each.number for each in log.after(0)] == list(range(1, 401))
