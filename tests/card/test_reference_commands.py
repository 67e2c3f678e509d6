# SPDX-License-Identifier: Apache-2.0
"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (SP 800-73-5 Part 2, 3.2.1 to 3.2.3)."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from .conftest import PIN, PUK, Terminal, make_terminal


def pad(secret: bytes) -> bytes:
    return secret.ljust(8, b"\xff")


def test_the_right_pin_verifies_and_status_says_so(terminal: Terminal) -> None:
    assert terminal.tries() == "63C3"
    assert terminal.verify() == "9000"
    assert terminal.tries() == "9000"


def test_a_wrong_pin_costs_a_try_and_the_right_one_gives_all_back(terminal: Terminal) -> None:
    assert terminal.verify(b"000000") == "63C2"
    assert terminal.verify(b"000000") == "63C1"
    assert terminal.verify() == "9000"
    terminal.card.reset()
    assert terminal.tries() == "63C3"


def test_three_wrong_pins_block_and_the_right_one_no_longer_helps(terminal: Terminal) -> None:
    assert [terminal.verify(b"000000") for _ in range(3)] == ["63C2", "63C1", "63C0"]
    assert terminal.verify() == "6983"
    assert terminal.tries() == "6983"
    assert terminal.verify(b"1") == "6983"


@pytest.mark.parametrize(
    "data",
    ["31", "3132333435", "313233343536", "31" * 9, "FFFFFFFFFFFFFFFF", "3132FF3334353637"],
)
def test_a_pin_of_no_form_costs_no_try(terminal: Terminal, data: str) -> None:
    raw = bytes.fromhex(data)
    assert terminal.send("00200080", raw, le="")[1] in {"6A80", "6700"}
    assert terminal.tries() == "63C3"


@pytest.mark.parametrize(
    ("header", "sw"),
    [
        ("00200180", "6A86"),
        ("00200000", "6A88"),
        ("00200081", "6A88"),
        ("00200098", "6A88"),
        ("002000FF", "6A88"),
    ],
)
def test_other_parameters_are_refused(terminal: Terminal, header: str, sw: str) -> None:
    assert terminal.send(header, pad(PIN), le="")[1] == sw


def test_p1_ff_forgets_that_the_pin_was_verified(terminal: Terminal) -> None:
    terminal.verify()
    assert terminal.raw("0020FF80") == "9000"
    assert terminal.tries() == "63C3"


def test_a_reset_forgets_that_the_pin_was_verified(terminal: Terminal) -> None:
    terminal.verify()
    terminal.card.reset()
    assert terminal.tries() == "63C3"


def test_a_pin_is_changed_with_the_old_one(terminal: Terminal) -> None:
    assert terminal.send("00240080", pad(PIN) + pad(b"24681357"), le="")[1] == "9000"
    terminal.card.reset()
    assert terminal.verify() == "63C2"
    assert terminal.verify(b"24681357") == "9000"


def test_a_change_with_a_wrong_pin_costs_a_try_and_changes_nothing(terminal: Terminal) -> None:
    assert terminal.send("00240080", pad(b"000000") + pad(b"24681357"), le="")[1] == "63C2"
    assert terminal.verify() == "9000"


@pytest.mark.parametrize("new", [b"12345", b"12345a", b"", b"\xff" * 8])
def test_a_new_pin_of_no_form_is_refused_before_the_old_one_is_tried(
    terminal: Terminal, new: bytes
) -> None:
    assert terminal.send("00240080", pad(b"000000") + pad(new), le="")[1] == "6A80"
    assert terminal.tries() == "63C3"


def test_the_puk_is_changed_with_the_old_one(terminal: Terminal) -> None:
    assert terminal.send("00240081", pad(PUK) + pad(b"11223344"), le="")[1] == "9000"
    assert terminal.send("002C0080", pad(PUK) + pad(b"135790"), le="")[1] == "63C2"
    assert terminal.send("002C0080", pad(b"11223344") + pad(b"135790"), le="")[1] == "9000"
    assert terminal.verify(b"135790") == "9000"


def test_the_puk_unblocks_and_does_not_verify(terminal: Terminal) -> None:
    for _ in range(3):
        terminal.verify(b"000000")
    assert terminal.send("002C0080", pad(PUK) + pad(b"135790"), le="")[1] == "9000"
    assert terminal.tries() == "63C3"
    assert terminal.verify(b"135790") == "9000"


def test_three_wrong_puks_block_the_puk_for_good(terminal: Terminal) -> None:
    wrong = pad(b"00000000") + pad(b"135790")
    assert [terminal.send("002C0080", wrong, le="")[1] for _ in range(3)] == [
        "63C2",
        "63C1",
        "63C0",
    ]
    assert terminal.send("002C0080", pad(PUK) + pad(b"135790"), le="")[1] == "6983"
    assert terminal.verify() == "9000"


class Counters(RuleBasedStateMachine):
    """PIN and PUK as a model of two counters and two values has them."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = make_terminal()
        self.pin, self.pin_tries, self.puk_tries = PIN, 3, 3
        self.verified = False

    @rule()
    def right_pin(self) -> None:
        expected = "9000" if self.pin_tries else "6983"
        assert self.terminal.verify(self.pin) == expected
        if self.pin_tries:
            self.pin_tries, self.verified = 3, True

    @rule(wrong=st.integers(0, 99999).map(lambda number: f"9{number:05}".encode()))
    def wrong_pin(self, wrong: bytes) -> None:
        if wrong == self.pin:
            return
        answer = self.terminal.verify(wrong)
        if not self.pin_tries:
            assert answer == "6983"
            return
        self.pin_tries, self.verified = self.pin_tries - 1, False
        assert answer == f"63C{self.pin_tries}"

    @rule(new=st.sampled_from([b"111111", b"2222222", b"33333333"]), right=st.booleans())
    def unblock(self, new: bytes, right: bool) -> None:
        puk = PUK if right else b"00000000"
        answer = self.terminal.send("002C0080", pad(puk) + pad(new), le="")[1]
        if not self.puk_tries:
            assert answer == "6983"
        elif right:
            assert answer == "9000"
            self.pin, self.pin_tries, self.puk_tries = new, 3, 3
        else:
            self.puk_tries, self.verified = self.puk_tries - 1, False
            assert answer == f"63C{self.puk_tries}"

    @rule()
    def reset(self) -> None:
        self.terminal.card.reset()
        self.verified = False

    @invariant()
    def the_card_tells_the_model(self) -> None:
        told = self.terminal.tries()
        assert told == (
            "9000" if self.verified else f"63C{self.pin_tries}" if self.pin_tries else "6983"
        )


TestCounters = Counters.TestCase
TestCounters.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
