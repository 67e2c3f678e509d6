# SPDX-License-Identifier: Apache-2.0
"""opensc-explorer, which expects a card of files: what it can do on a PIV card, which has none."""

import pytest

from selfrenew.piv.references import Algorithm

from .conftest import Insert, Printed, Run
from .issued_card import four_keys

pytestmark = pytest.mark.interop


def test_it_begins_at_a_master_file_and_a_piv_card_has_none(insert: Insert, run: Run) -> None:
    insert(four_keys(Algorithm.P256))
    said = run("opensc-explorer", stdin="quit\n")
    assert said.returncode != 0
    assert "unable to select MF: File not found" in said.stderr


def test_without_a_master_file_it_verifies_the_pin_and_sends_commands(
    insert: Insert, printed: Printed
) -> None:
    # The PIN with its padding: the explorer sends what it is given, and asks OpenSC for no more.
    script = """\
verify CHV128 31:32:33:34:35:36:FF:FF
apdu 00:20:00:80
apdu 00:CB:3F:FF:03:5C:01:7E:00
quit
"""
    issued = insert(four_keys(Algorithm.P256))
    said = printed("opensc-explorer", "--mf", "", stdin=script)
    assert "Code correct." in said
    assert "Sending: 00 20 00 80\nReceived (SW1=0x90, SW2=0x00)" in said
    assert "7E 12 4F 0B A0 00 00 03 08 00 00 10 00 01 00 5F" in said
    assert issued.pin_tries == 3


def test_a_wrong_pin_is_told_with_the_tries_left(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    script = "verify CHV128 31:31:31:31:31:31:FF:FF\nquit\n"
    said = printed("opensc-explorer", "--mf", "", stdin=script)
    assert "Incorrect code, 2 tries left" in said
    assert issued.pin_tries == 2
