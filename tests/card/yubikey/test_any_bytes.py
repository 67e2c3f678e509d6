# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come, the YubiKey answers, and a refusal changes nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.piv.references import Algorithm
from tests.card.conftest import Terminal, tlv
from tests.card.test_any_bytes import COMMANDS, DATA, check_transition

from .conftest import PIN, blocked, make_yubikey

HEADERS = st.sampled_from(
    [
        *("00F6829A", "00F6FFF9", "00F69A82", "00F7009A", "00F700F9", "00F7009B", "00F80000"),
        *("00F99A00", "00FA0505", "00FB0000", "00FD0000", "00FE119A", "10FE079A", "00FEE09C"),
        *("00FFFFFF", "00FFFFFE", "004700F9", "10470082", "0087E09A", "0087E19C", "001D0000"),
    ]
).map(bytes.fromhex)
SELECTS = st.sampled_from(
    ["00A4040008A00000052747111700", "00A4040005A00000030800", "00A4040008A00000052720010100"]
).map(bytes.fromhex)
KEYS = st.sampled_from(["9A", "82", "F9"]).map(bytes.fromhex)
IMPORTS = st.tuples(
    st.sampled_from(["11", "E0", "E1"]).map(bytes.fromhex),
    KEYS,
    st.sampled_from(["06", "07", "08", "01", "AA", "AB"]),
    st.binary(min_size=31, max_size=33),
).map(lambda parts: b"\x00\xfe" + parts[0] + parts[1] + _sized(tlv(parts[2], parts[3])))


def _sized(data: bytes) -> bytes:
    return bytes([len(data)]) + data


@st.composite
def vendor_commands(draw: st.DrawFn) -> bytes:
    header, data = draw(HEADERS), draw(DATA)
    if len(data) > 255 or draw(st.booleans()):
        return header + b"\0" + len(data).to_bytes(2, "big") + data
    return header + (_sized(data) if data else b"")


RUNS = st.lists(st.one_of(vendor_commands(), IMPORTS, SELECTS, COMMANDS), max_size=15)


def prepared(*, powers: bool, locked: bool) -> Terminal:
    terminal = make_yubikey()
    terminal.authenticate()
    terminal.generate("9A", Algorithm.P256)
    if locked:
        blocked(terminal)
    elif powers:
        terminal.verify(PIN)
    if not powers:
        terminal.card.reset()
    return terminal


@settings(max_examples=150, deadline=None)
@given(powers=st.booleans(), locked=st.booleans(), run=RUNS)
def test_every_command_is_answered_and_a_refused_one_changes_nothing(
    powers: bool, locked: bool, run: list[bytes]
) -> None:
    card = prepared(powers=powers, locked=locked).card
    for command in run:
        before = card.state
        check_transition(card, before, card.transmit(command))


@settings(max_examples=100, deadline=None)
@given(run=RUNS)
def test_no_command_writes_objects_or_keys_without_management(run: list[bytes]) -> None:
    card = prepared(powers=False, locked=False).card
    before = card.state
    for command in run:
        card.transmit(command)
    assert (card.state.objects, card.state.keys) == (before.objects, before.keys)
