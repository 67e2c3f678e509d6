# SPDX-License-Identifier: Apache-2.0
"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (SP 800-73-4 Part 2, 3.2.1 to 3.2.3)."""

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


# Cards from before October 2023 carry passcodes of four digits: they verify, and are not set anew.
@pytest.mark.parametrize("pin", [b"1234", b"12345", b"123456", b"1234567", b"12345678"])
def test_passcodes_in_use_verify_at_any_length(pin: bytes) -> None:
    terminal = make_terminal(pin=pin)
    assert terminal.verify(pin) == "9000"


# Part 2, 3.2.1: blocked comes before the form, and asking never costs anything.
def test_a_blocked_pin_answers_blocked_to_everything(terminal: Terminal) -> None:
    for _ in range(3):
        terminal.verify(b"000000")
    for command in ("00200080", "0020008000", "0020008001FF", "00240080", "0024008001FF"):
        assert terminal.raw(command) == "6983"
    assert terminal.send("00240080", pad(PIN) + pad(b"24681357"), le="")[1] == "6983"


@pytest.mark.parametrize("le", ["", "00", "000000"])
def test_asking_costs_nothing(terminal: Terminal, le: str) -> None:
    assert [terminal.raw("00200080" + le) for _ in range(5)] == ["63C3"] * 5


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("0020FF8008313233343536FFFF", "6A80"),
        ("0020FF81", "6A88"),
        ("0020FF00", "6A88"),
        ("0020FE80", "6A86"),
        ("00240180", "6A86"),
        ("00240082", "6A88"),
        ("00240000", "6A88"),
        ("00240080", "6A80"),
        ("0024008108" + 8 * "31", "6A80"),
        ("0024008111" + 17 * "31", "6A80"),
        ("002C0180", "6A86"),
        ("002C0081", "6A88"),
        ("002C0000", "6A88"),
        ("002C0080", "6A80"),
        ("002C008011" + 17 * "31", "6A80"),
    ],
)
def test_a_command_of_the_wrong_form_costs_no_try(
    terminal: Terminal, command: str, sw: str
) -> None:
    terminal.verify()
    assert terminal.raw(command) == sw
    assert terminal.tries() == "9000"
    terminal.card.reset()
    assert terminal.tries() == "63C3"
    assert terminal.send("002C0080", pad(b"00000000") + pad(b"135790"), le="")[1] == "63C2"


def test_a_changed_pin_is_verified_and_has_all_its_tries(terminal: Terminal) -> None:
    terminal.verify(b"000000")
    assert terminal.send("00240080", pad(PIN) + pad(b"24681357"), le="")[1] == "9000"
    assert terminal.tries() == "9000"
    terminal.card.reset()
    assert terminal.tries() == "63C3"


def test_a_wrong_puk_takes_the_verified_pin_back(terminal: Terminal) -> None:
    terminal.verify()
    assert terminal.send("002C0080", pad(b"00000000") + pad(b"135790"), le="")[1] == "63C2"
    assert terminal.tries() == "63C3"


def test_a_right_puk_leaves_the_verified_pin_verified(terminal: Terminal) -> None:
    terminal.verify()
    assert terminal.send("002C0080", pad(PUK) + pad(b"135790"), le="")[1] == "9000"
    assert terminal.tries() == "9000"


def test_a_puk_may_have_any_bytes(terminal: Terminal) -> None:
    puk = bytes.fromhex("00FF0A8000FFFFFF")
    assert terminal.send("00240081", pad(PUK) + puk, le="")[1] == "9000"
    assert terminal.send("002C0080", puk + pad(b"135790"), le="")[1] == "9000"


@pytest.mark.parametrize("new", [b"12345", b"135790 ", b"\xff"])
def test_a_new_pin_of_no_form_costs_the_puk_no_try(terminal: Terminal, new: bytes) -> None:
    assert terminal.send("002C0080", pad(b"00000000") + pad(new), le="")[1] == "6A80"
    assert terminal.send("002C0080", pad(b"00000000") + pad(b"135790"), le="")[1] == "63C2"


GLOBAL = b"975310"
POLICY = {
    True: "7E124F0BA0000003080000100001005F2F026010",
    False: "7E124F0BA0000003080000100001005F2F024000",
}


@pytest.fixture
def two_pins() -> Terminal:
    terminal = make_terminal(global_pin=GLOBAL)
    terminal.authenticate()
    assert terminal.put("5FC109", b"private") == "9000"
    return terminal


def test_the_global_pin_opens_what_the_pin_opens(two_pins: Terminal) -> None:
    assert two_pins.get("7E") == (bytes.fromhex(POLICY[True]), "9000")
    assert two_pins.send("00200000", pad(PIN), le="")[1] == "63C2"
    assert two_pins.get("5FC109")[1] == "6982"
    assert two_pins.send("00200000", pad(GLOBAL), le="")[1] == "9000"
    assert two_pins.get("5FC109")[1] == "9000"
    assert (two_pins.raw("00200000"), two_pins.tries()) == ("9000", "63C3")
    assert two_pins.raw("0020FF00") == "9000"
    assert two_pins.get("5FC109")[1] == "6982"


def test_a_global_pin_that_the_policy_excludes_opens_nothing(two_pins: Terminal) -> None:
    two_pins.send("00200000", pad(GLOBAL), le="")
    assert two_pins.send("00DB3FFF", bytes.fromhex(POLICY[False]), le="")[1] == "9000"
    assert two_pins.get("5FC109")[1] == "6982"
    assert two_pins.send("00200000", pad(GLOBAL), le="")[1] == "6A88"
    assert two_pins.send("00240000", pad(GLOBAL) + pad(b"135790"), le="")[1] == "6A88"
    assert two_pins.send("00DB3FFF", bytes.fromhex(POLICY[True]), le="")[1] == "9000"
    assert two_pins.get("5FC109")[1] == "6982"
    assert two_pins.send("00200000", pad(GLOBAL), le="")[1] == "9000"


SECRETS = st.sampled_from([b"111111", b"2222222", b"33333333", b"123456", b"87654321"])


class Counters(RuleBasedStateMachine):
    """PIN and PUK as a model of two counters and two values has them."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = make_terminal()
        self.secret = {"80": PIN, "81": PUK}
        self.left = {"80": 3, "81": 3}
        self.verified = False

    def expect(self, which: str, shown: bytes) -> str:
        """Give the status word of a comparison and move the model on."""
        if not self.left[which]:
            return "6983"
        if shown == self.secret[which]:
            self.left[which] = 3
            return "9000"
        self.left[which] -= 1
        self.verified = False if which == "80" else self.verified
        return f"63C{self.left[which]}"

    @rule(pin=SECRETS)
    def verify(self, pin: bytes) -> None:
        expected = self.expect("80", pin)
        assert self.terminal.verify(pin) == expected
        self.verified = self.verified or expected == "9000"

    @rule()
    def verify_right(self) -> None:
        self.verify(self.secret["80"])

    @rule(which=st.sampled_from(["80", "81"]), old=SECRETS, new=SECRETS)
    def change(self, which: str, old: bytes, new: bytes) -> None:
        expected = self.expect(which, old)
        answer = self.terminal.send(f"002400{which}", pad(old) + pad(new), le="")[1]
        assert answer == expected
        if expected == "9000":
            self.secret[which] = new
            self.verified = self.verified or which == "80"

    @rule(puk=SECRETS, new=SECRETS)
    def unblock(self, puk: bytes, new: bytes) -> None:
        expected = self.expect("81", puk)
        assert self.terminal.send("002C0080", pad(puk) + pad(new), le="")[1] == expected
        if expected == "9000":
            self.secret["80"], self.left["80"] = new, 3
        elif expected != "6983":
            self.verified = False

    @rule(header=st.sampled_from(["00200080", "00240080", "00240081", "002C0080"]))
    def malformed(self, header: str) -> None:
        which = "80" if header.endswith("80") and header[2:4] != "2C" else "81"
        answer = self.terminal.send(header, b"1", le="")[1]
        assert answer == ("6A80" if self.left[which] else "6983")

    @rule()
    def log_out(self) -> None:
        assert self.terminal.raw("0020FF80") == "9000"
        self.verified = False

    @rule()
    def reset(self) -> None:
        self.terminal.card.reset()
        self.verified = False

    @invariant()
    def the_card_tells_the_model(self) -> None:
        left = self.left["80"]
        told = "9000" if self.verified else f"63C{left}" if left else "6983"
        assert self.terminal.tries() == told


TestCounters = Counters.TestCase
TestCounters.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
