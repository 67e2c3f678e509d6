# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come, the card answers, and only what was allowed has changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, CardState

from .conftest import PIN, PUK, Terminal, make_terminal, tlv

_PIN, _WRONG = PIN + b"\xff\xff", b"000000\xff\xff"
# Verified, authenticated, a chain begun or broken, an answer left over: commands that get there.
HEADERS = st.sampled_from(
    [
        *("00A40400", "00CB3FFF", "10CB3FFF", "00DB3FFF", "10DB3FFF", "00C00000", "10C00000"),
        *("00200080", "0020FF80", "00200000", "00240080", "00240081", "002C0080", "10200080"),
        *("0047009A", "1047009C", "0047009D", "00870A9B", "10870A9B", "0087039B", "0087009B"),
        *("0087119A", "1087119A", "0087119C", "0087119D", "0087079E", "10870704", "00871182"),
    ]
).map(bytes.fromhex)
PINS = st.sampled_from([_PIN, PUK, _WRONG])
TAGS = st.sampled_from(
    [*("5C", "53", "7C", "7E", "7F61", "80", "81", "82", "85", "AC", "4F", "5F2F", "5FC105")]
)
LEAVES = st.one_of(
    st.binary(max_size=300),
    PINS,
    st.tuples(PINS, PINS).map(b"".join),
    st.sampled_from(["5FC105", "5FC109", "7E", "11", "07", "A000000308"]).map(bytes.fromhex),
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(
        st.tuples(TAGS, inner).map(lambda parts: tlv(*parts)), min_size=1, max_size=3
    ).map(b"".join),
    max_leaves=6,
)


@st.composite
def commands(draw: st.DrawFn) -> bytes:
    header, data = draw(HEADERS), draw(DATA)
    le = draw(st.sampled_from([b"", b"\0", b"\x08", b"\0\0"]))
    if len(data) > 255 or draw(st.booleans()):
        return header + b"\0" + len(data).to_bytes(2, "big") + data + le
    return header + (bytes([len(data)]) + data if data else b"") + le


COMMANDS = st.one_of(st.binary(max_size=64), commands(), commands())


def prepared(*, powers: bool) -> Terminal:
    """A card with an object and keys, and everything allowed or nothing."""
    terminal = make_terminal()
    terminal.authenticate()
    terminal.put("5FC105", bytes(300))
    for key in ("9A", "9C", "9D"):
        terminal.generate(key, Algorithm.P256)
    if powers:
        terminal.verify()
    else:
        terminal.card.reset()
    return terminal


def check_transition(card: Card, before: CardState, answer: bytes) -> None:
    """Nothing but a counter, by one, may change where the status is an error."""
    assert len(answer) >= 2
    # 6F00 is what a failure inside the card looks like.
    assert answer[-2:] != b"\x6f\x00"
    after = card.state
    if answer[-2] in {0x90, 0x61}:
        return
    assert len(answer) == 2
    assert (after.objects, after.keys) == (before.objects, before.keys)
    if answer[-2] != 0x63 or not answer[-1] & 0xF0:
        assert after.references == before.references
        return
    changed = {
        qualifier
        for qualifier, reference in after.references.items()
        if reference != before.references[qualifier]
    }
    for qualifier in changed:
        reference = after.references[qualifier]
        assert reference == before.references[qualifier].with_tries(reference.tries)
        assert reference.tries == before.references[qualifier].tries - 1 == answer[-1] & 0x0F
    # 63Cx is the answer to a wrong secret, which costs one, and to a question, which costs none.
    assert len(changed) <= 1


@settings(max_examples=100, deadline=None)
@given(powers=st.booleans(), run=st.lists(COMMANDS, max_size=15))
def test_every_command_is_answered_and_a_refused_one_changes_nothing(
    powers: bool, run: list[bytes]
) -> None:
    card = prepared(powers=powers).card
    for command in run:
        before = card.state
        check_transition(card, before, card.transmit(command))


@settings(max_examples=100, deadline=None)
@given(run=st.lists(COMMANDS, max_size=15))
def test_no_command_writes_objects_or_keys_without_management(run: list[bytes]) -> None:
    card = prepared(powers=False).card
    before = card.state
    for command in run:
        card.transmit(command)
    assert (card.state.objects, card.state.keys) == (before.objects, before.keys)


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=70_000), header=HEADERS)
def test_a_command_of_any_length_is_answered(data: bytes, header: bytes) -> None:
    card = make_terminal().card
    extended = header + b"\0" + min(len(data), 65_535).to_bytes(2, "big") + data
    for command in (header + data, extended):
        before = card.state
        check_transition(card, before, card.transmit(command))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_are_a_command(kind: type) -> None:
    terminal = make_terminal()
    for command in ("00A4040005A00000030800", "00200080", "00CB3FFF035C017E00", "00C000", ""):
        raw = bytes.fromhex(command)
        assert terminal.card.transmit(kind(raw)) == make_terminal().card.transmit(raw)
    terminal.authenticate()
    content = bytearray(bytes.fromhex("00DB3FFF095C035FC1055302AAAA"))
    terminal.card.transmit(content)
    content[-1] = 0
    assert terminal.get("5FC105") == (bytes.fromhex("5302AAAA"), "9000")


def test_each_instruction_is_known_or_refused_as_unknown() -> None:
    card = make_terminal().card
    unknown = {ins for ins in range(256) if card.transmit(bytes([0, ins, 9, 9])) == b"\x6d\0"}
    assert set(range(256)) - unknown == {0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4, 0xC0, 0xCB, 0xDB}


def test_each_class_but_two_is_refused() -> None:
    card = make_terminal().card
    refused = {cla: card.transmit(bytes([cla]) + b"\x20\0\x80").hex() for cla in range(256)}
    assert refused.pop(0x00) == "63c3"
    assert refused.pop(0x10) == "9000"
    assert set(refused.values()) == {"6881", "6882", "6e00"}
    assert (refused[0x01], refused[0x0C], refused[0x80], refused[0xFF]) == (
        *("6881", "6882", "6e00", "6e00"),
    )
