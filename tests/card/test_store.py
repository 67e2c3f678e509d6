# SPDX-License-Identifier: Apache-2.0
"""Transactions: a command commits or leaves nothing, wherever it is broken off."""

import copy
import logging
from collections.abc import Callable

import pytest

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, CardState, Personality, PrivateKey, Store, generate
from selfrenew_emulator.randomness import seeded

from .conftest import PIN, PUK, Terminal, tlv


def full(_: object) -> None:
    raise OSError("no space left on device")


@pytest.fixture
def authenticated(terminal: Terminal) -> Terminal:
    terminal.authenticate()
    terminal.put("5FC105", b"before")
    terminal.generate("9E", Algorithm.P256)
    return terminal


WRITES: dict[str, Callable[[Terminal], str]] = {
    "PUT DATA": lambda terminal: terminal.put("5FC105", b"after"),
    "GENERATE": lambda terminal: terminal.generate("9E", Algorithm.P256)[1],
    "VERIFY": lambda terminal: terminal.verify(),
    "VERIFY, wrong": lambda terminal: terminal.verify(b"000000"),
    "CHANGE": lambda terminal: terminal.send("00240080", b"123456\xff\xff13572468", le="")[1],
    "RESET": lambda terminal: terminal.send("002C0080", PUK + b"13572468", le="")[1],
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_memory_that_cannot_be_written_stays_as_it_was(
    authenticated: Terminal, write: Callable[[Terminal], str]
) -> None:
    card = authenticated.card
    before = copy.deepcopy(card.state)
    card.store.on_commit = full
    assert write(authenticated) == "6581"
    card.store.on_commit = None
    assert card.state == before
    # Nothing was granted by a command that did not come to its end.
    assert authenticated.tries() == "63C3"


def test_a_memory_that_fails_after_the_try_was_counted_has_counted_it(
    authenticated: Terminal,
) -> None:
    card = authenticated.card
    commits: list[CardState] = []

    def fail_second(state: CardState) -> None:
        if commits:
            full(state)
        commits.append(state)

    card.store.on_commit = fail_second
    assert authenticated.verify() == "6581"
    card.store.on_commit = None
    assert authenticated.tries() == "63C2"
    assert authenticated.verify() == "9000"


# Pulling the card while it compares must not save the try.
def test_a_try_is_counted_before_the_comparison(authenticated: Terminal) -> None:
    counted: list[int] = []
    authenticated.card.store.on_commit = lambda state: counted.append(state.references[0x80].tries)
    assert authenticated.verify() == "9000"
    assert counted == [2, 3]
    assert authenticated.verify(b"000000") == "63C2"
    assert counted == [2, 3, 2]


def test_a_question_writes_nothing(authenticated: Terminal) -> None:
    authenticated.card.store.on_commit = full
    assert authenticated.tries() == "63C3"
    assert authenticated.get("5FC105") == (tlv("53", b"before"), "9000")
    assert authenticated.verify(b"1") == "6A80"
    assert authenticated.send("0087119E", tlv("7C", tlv("82", b"") + tlv("81", bytes(32))))[
        1
    ].startswith("90")


class Source:
    """A source of keys that fails as told."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None

    def __call__(self, algorithm: Algorithm) -> PrivateKey:
        if self.failure is not None:
            raise self.failure
        return generate(algorithm)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def failing(source: Source) -> Terminal:
    key = bytes(24)
    card = Card.blank(pin=PIN, puk=PUK, management_key=key, randomness=seeded(7), key_source=source)
    terminal = Terminal(card, key)
    terminal.authenticate()
    assert terminal.generate("9A", Algorithm.P256)[1] == "9000"
    terminal.verify()
    return terminal


def test_a_bug_is_6f00_and_a_traceback_and_leaves_the_old_key(
    failing: Terminal, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    before = copy.deepcopy(failing.card.state)
    source.failure = ZeroDivisionError("a bug")
    with caplog.at_level(logging.ERROR):
        assert failing.generate("9A", Algorithm.P256) == (b"", "6F00")
    assert "ZeroDivisionError: a bug" in caplog.text
    assert failing.card.state == before
    assert failing.tries() == "63C3"
    assert failing.put("5FC105", b"x") == "6982"


def test_ctrl_c_inside_a_command_is_the_power_lost_there(
    failing: Terminal, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = failing.card
    before = copy.deepcopy(card.state)

    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    # After the key was written, before the command has ended.
    monkeypatch.setattr("selfrenew_emulator.card.keys.public_key_template", interrupted)
    with pytest.raises(KeyboardInterrupt):
        failing.generate("9A", Algorithm.P256)
    assert failing.tries() == "63C3"
    assert card.state == before


def test_a_store_shows_a_transaction_what_it_wrote_and_forgets_it_at_a_rollback() -> None:
    store = Store(CardState(Personality.PIV))
    store.put_object(0x5FC105, b"one")
    assert store.state.objects == {0x5FC105: b"one"}
    store.rollback()
    assert store.state.objects == {}
    store.put_object(0x5FC105, b"one")
    store.commit()
    store.put_object(0x5FC105, b"")
    assert store.state.objects == {0x5FC105: b""}
    store.remove_object(0x5FC105)
    store.remove_object(0x5FC105)
    assert store.state.objects == {}
    store.rollback()
    assert store.state.objects == {0x5FC105: b"one"}


def test_a_state_that_was_given_out_does_not_change() -> None:
    store = Store(CardState(Personality.PIV))
    before = store.state
    store.put_object(0x5FC105, b"one")
    store.commit()
    assert before.objects == {}
