# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come, the card answers, and only what was allowed has changed."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Terminal, make_terminal, tlv

HEADERS = st.sampled_from(
    [
        *("00A40400", "00CB3FFF", "00DB3FFF", "00200080", "00240080", "002C0080", "0047009A"),
        *("0087119A", "00870A9B", "00C00000", "10DB3FFF", "0087079C", "00200000", "0020FF80"),
    ]
).map(bytes.fromhex)
PINS = st.sampled_from([b"123456\xff\xff", b"87654321", b"000000\xff\xff"])
DATA = st.one_of(
    st.binary(max_size=40),
    PINS,
    st.tuples(PINS, PINS).map(b"".join),
    st.tuples(st.sampled_from(["5C", "53", "7C", "81", "82", "AC"]), st.binary(max_size=20)).map(
        lambda parts: tlv(*parts)
    ),
)
COMMANDS = st.one_of(
    st.binary(max_size=64),
    st.tuples(HEADERS, DATA).map(lambda parts: parts[0] + bytes([len(parts[1])]) + parts[1]),
    st.tuples(HEADERS, DATA, st.binary(max_size=3)).map(
        lambda parts: parts[0] + bytes([len(parts[1])]) + parts[1] + parts[2]
    ),
)


def fresh() -> Terminal:
    terminal = make_terminal()
    terminal.authenticate()
    terminal.put("5FC102", b"object")
    terminal.card.reset()
    return terminal


@settings(max_examples=150, deadline=None)
@given(commands=st.lists(COMMANDS, max_size=12))
def test_every_command_is_answered(commands: list[bytes]) -> None:
    card = fresh().card
    for command in commands:
        answer = card.transmit(command)
        assert len(answer) >= 2
        # 6F00 is what a failure inside the card looks like.
        assert answer[-2:] != b"\x6f\x00"


@settings(max_examples=100, deadline=None)
@given(commands=st.lists(COMMANDS, max_size=12))
def test_a_refused_command_changes_no_object_and_no_key(commands: list[bytes]) -> None:
    card = fresh().card
    for command in commands:
        before = copy.deepcopy(card.state)
        answer = card.transmit(command)
        after = card.state
        if answer[-2] not in {0x90, 0x61}:
            assert after.objects == before.objects
            assert after.keys == before.keys
            for qualifier, reference in after.references.items():
                old = before.references[qualifier]
                assert reference.digest == old.digest
                assert old.tries - reference.tries in {0, 1}


@settings(max_examples=30, deadline=None)
@given(data=st.binary(min_size=0, max_size=70_000), header=HEADERS)
def test_a_command_of_any_length_is_answered(data: bytes, header: bytes) -> None:
    card = fresh().card
    assert len(card.transmit(header + data)) >= 2
    extended = header + b"\x00" + min(len(data), 65_535).to_bytes(2, "big") + data
    assert len(card.transmit(extended)) >= 2
