# SPDX-License-Identifier: Apache-2.0
"""Whatever comes through the air, the card answers, and shows only what the rules let it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.secure_messaging_host import SecureMessagingRefusedError, elements, tlv

from .conftest import PIN
from .secure_card import OBJECTS, SecureCard, make_secure_card, pairing_code

PADDED = PIN.ljust(8, b"\xff")
TAGS = st.sampled_from(OBJECTS)
HEADERS = st.sampled_from(
    [
        *("CB3FFF", "DB3FFF", "200080", "200000", "200098", "20FF98", "240080", "240081"),
        *("2C0080", "470004", "47009A", "87119A", "87119C", "87119D", "87119E", "870A9B"),
        *("872704", "872E04", "A40400", "C00000"),
    ]
)
DATA = st.one_of(
    st.binary(max_size=80),
    TAGS.map(lambda tag: tlv("5C", bytes.fromhex(tag))),
    st.sampled_from(["87", "97", "99", "8E", "7C", "81"]).flatmap(
        lambda tag: st.binary(max_size=40).map(lambda value: tlv(tag, value))
    ),
    st.just(tlv("7C", bytes.fromhex("8200") + tlv("81", bytes(32)))),
)
CLASSES = st.sampled_from(["00", "10", "0C", "1C", "04", "80"])
# In plain, under right secure messaging, or under one whose byte at a place is another.
STEPS = st.one_of(
    st.tuples(st.just("plain"), CLASSES, HEADERS, DATA),
    st.tuples(st.just("secured"), st.just(-1), HEADERS, DATA),
    st.tuples(st.just("tampered"), st.integers(0, 200), HEADERS, DATA),
    st.just(("established", "", "", b"")),
)


def step(made: SecureCard, kind: str, how: object, header: str, data: bytes) -> bytes:
    """Take a step; give all that a host which knows the session's keys can see of its answer."""
    host = made.host
    if kind == "established":
        # A chain that was begun before would otherwise be ended by the request.
        assert made.terminal.get("7E")[1] == "9000"
        host.establish()
        return b""
    if kind == "plain":
        body = bytes([len(data)]) + data if data else b""
        answer = made.card.transmit(bytes.fromhex(str(how) + header) + body + b"\0")
        assert answer != b"\x6f\0"
        assert len(answer) >= 2
        return host.collect(answer)[0]
    body = host.protect(header, data)
    if kind == "tampered":
        at = int(str(how)) % len(body)
        body = body[:at] + bytes([body[at] ^ 0x41]) + body[at + 1 :]
    try:
        plain, sw = host.deliver(host.apdus(header, body))
    except SecureMessagingRefusedError as refusal:
        plain, sw = b"", refusal.sw
    else:
        assert kind == "secured"
    assert sw != "6F00"
    return plain


@settings(max_examples=80, deadline=None)
@given(run=st.lists(STEPS, max_size=15))
def test_without_code_and_pin_nothing_protected_comes_out(run: list[tuple]) -> None:
    made = make_secure_card()
    before = made.card.state
    for each in run:
        seen = step(made, *each)
        for tag in set(OBJECTS) - {"5FC101", "5FC102", "7E", "7F61", "5FC122"}:
            assert b"content of " + tag.encode() not in seen
        assert pairing_code() not in seen
    assert (made.card.state.objects, made.card.state.keys) == (before.objects, before.keys)


class Air(RuleBasedStateMachine):
    """A card in the air and a model of the four things it knows of its visitor."""

    def __init__(self) -> None:
        super().__init__()
        self.made = make_secure_card(establish=False)
        self.session = self.paired = self.verified = False
        self.left = 3

    def secured(self, header: str, data: bytes) -> str:
        if not self.session:
            answer = self.made.card.transmit(bytes.fromhex("0C" + header + "00"))
            return answer.hex().upper()
        return self.made.host.send(header, data, le=False)[1]

    @property
    def virtual_contact(self) -> bool:
        return self.session and self.paired

    @rule()
    def establish(self) -> None:
        self.made.host.establish()
        self.session = True

    @rule()
    def fail_to_establish(self) -> None:
        assert self.made.terminal.send("00872704", b"\x7c\0")[1] == "6A80"
        self.session = False

    @rule(right=st.booleans())
    def pair(self, right: bool) -> None:
        answer = self.secured("200098", pairing_code() if right else b"00000000")
        expected = ("9000" if right else "6300") if self.session else "6982"
        assert answer == expected
        if self.session:
            self.paired = right

    @rule(right=st.booleans())
    def pair_in_plain(self, right: bool) -> None:
        code = pairing_code() if right else b"00000000"
        assert self.made.terminal.send("00200098", code, le="")[1] == "6982"

    @rule(right=st.booleans())
    def verify(self, right: bool) -> None:
        answer = self.secured("200080", PADDED if right else b"000000\xff\xff")
        if not self.virtual_contact:
            assert answer == "6982"
        elif self.left <= 1:
            assert answer == "6983"
        else:
            self.left = 3 if right else self.left - 1
            self.verified = right
            assert answer == ("9000" if right else f"63C{self.left - 1}")

    @rule(right=st.booleans())
    def verify_in_plain(self, right: bool) -> None:
        assert self.made.terminal.verify(PIN if right else b"000000") == "6982"

    @rule(tag=TAGS)
    def read(self, tag: str) -> None:
        pin = tag in {"5FC103", "5FC108", "5FC109", "5FC121", "5FC123"}
        free = tag in {"5FC101", "5FC102", "7E", "7F61", "5FC122"}
        assert self.made.terminal.get(tag)[1] == ("9000" if free else "6982")
        if self.session:
            may = free or (self.virtual_contact and (self.verified or not pin))
            assert self.made.host.get(tag)[1] == ("9000" if may else "6982")

    @rule(at=st.integers(0, 31))
    def tamper(self, at: int) -> None:
        if not self.session:
            return
        body = bytearray(self.made.host.protect("CB3FFF", bytes.fromhex("5C017E")))
        body[at] ^= 0x10
        answer = self.made.card.transmit(self.made.host.apdus("CB3FFF", bytes(body))[0])
        assert answer in {b"\x69\x87", b"\x69\x88"}
        self.session = False

    @rule()
    def reset(self) -> None:
        self.made.card.reset()
        self.session = self.paired = self.verified = False

    @invariant()
    def the_counter_is_the_models(self) -> None:
        assert self.made.card.state.references[0x80].tries == self.left


TestAir = Air.TestCase
TestAir.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_an_answer_holds_nothing_beside_the_standards_objects() -> None:
    made = make_secure_card()
    host = made.host
    apdu = host.apdus("CB3FFF", host.protect("CB3FFF", bytes.fromhex("5C017E")))[0]
    data, sw = host.collect(made.card.transmit(apdu))
    assert ([tag for tag, _ in elements(data)], sw) == (["87", "99", "8E"], "9000")
